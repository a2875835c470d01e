import { Page } from "@/ui/Page";

export function SetupPage() {
  return <Page title="Set-up">{null}</Page>;
}
