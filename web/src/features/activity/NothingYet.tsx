import { Anchor, Button, Code, Stack, Text } from "@mantine/core";
import { IconActivity, IconFilterOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { EmptyState } from "@/ui/EmptyState";

/** The call that makes a first action. */
export function firstCall(): string {
  return `curl ${window.location.origin}/api/v1/actions \\
  -H "Authorization: Bearer $AGENT_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"target":"TARGET","action":"GET /","intent":"try it"}'`;
}

/** Before the first action. */
export function NothingYet() {
  return (
    <EmptyState
      icon={IconActivity}
      title="No action yet"
      action={
        <Stack gap="xs" align="center" mt="xs">
          <Text size="sm" c="dimmed">
            With an agent's key and a target, this asks for one:
          </Text>
          <Code block style={{ textAlign: "left", whiteSpace: "pre-wrap" }}>
            {firstCall()}
          </Code>
          <Text size="sm" c="dimmed" ta="center">
            <Code>countersign demo</Code> plays a whole story on temporary data. Agents and targets are made under{" "}
            <Anchor component={Link} to="/dashboard/agents">
              Agents
            </Anchor>{" "}
            and{" "}
            <Anchor component={Link} to="/dashboard/targets">
              Targets
            </Anchor>
            .
          </Text>
        </Stack>
      }
    >
      Every action that an agent asks for is listed here at once: allowed, held for a human or refused.
    </EmptyState>
  );
}

/** The filters leave nothing. */
export function NothingMatches({ onClear, what = "action" }: { onClear: () => void; what?: string }) {
  return (
    <EmptyState
      icon={IconFilterOff}
      title={`No ${what} fits the filters`}
      action={
        <Button variant="default" onClick={onClear}>
          Clear all filters
        </Button>
      }
    >
      New ones that fit appear here as they come.
    </EmptyState>
  );
}
