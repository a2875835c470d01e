import { Group, Text } from "@mantine/core";
import { VerdictWord } from "@/ui/Words";
import type { Grant } from "./queries";

const VERDICTS = ["allow", "ask", "deny", "by_policy"];

/** How many grants give which verdict. */
export function VerdictCounts({ grants }: { grants: readonly Grant[] | undefined }) {
  if (!grants) return <>…</>;
  if (grants.length === 0)
    return (
      <Text size="sm" c="dimmed" component="span">
        none
      </Text>
    );
  return (
    <Group gap={8} wrap="nowrap">
      {VERDICTS.map((verdict) => {
        const count = grants.filter((grant) => grant.verdict === verdict).length;
        return count === 0 ? null : (
          <Group key={verdict} gap={4} wrap="nowrap" style={{ flex: "none" }}>
            {count}
            <VerdictWord verdict={verdict} />
          </Group>
        );
      })}
    </Group>
  );
}
