import { Group } from "@mantine/core";
import { IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";
import { Time } from "@/ui/Time";
import { useLastTest } from "./connectionTest";

/** How the last connection test of this visit went. */
export function TestWord({ name }: { name: string }) {
  const test = useLastTest(name);
  if (!test) return <>not tested</>;
  const Picture = test.isOk ? IconPlugConnected : IconPlugConnectedX;
  return (
    <Group gap={4} wrap="nowrap" title={test.detail}>
      <Picture size={16} aria-hidden />
      {test.isOk ? "answers," : "failed,"} <Time value={test.at} />
    </Group>
  );
}
