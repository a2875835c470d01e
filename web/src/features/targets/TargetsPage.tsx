import { Page } from "@/ui/Page";

export function TargetsPage() {
  return <Page title="Targets">{null}</Page>;
}
