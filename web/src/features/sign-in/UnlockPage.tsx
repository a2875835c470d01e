import { Page } from "@/ui/Page";

export function UnlockPage() {
  return <Page title="Unlock">{null}</Page>;
}
