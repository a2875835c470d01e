import { Page } from "@/ui/Page";

export function TargetPage() {
  return <Page title="Target">{null}</Page>;
}
