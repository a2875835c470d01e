import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { asProblem } from "@/api/problem";

export interface ErrorNoticeProps {
  error: unknown;
  /** Offers to try again. */
  onRetry?: () => void;
}

/** What went wrong, why, and what to do next. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps) {
  const problem = asProblem(error);
  // What is not there is not there at the next try either.
  const isGone = problem.status === 404;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={problem.title} role="alert">
      <Stack gap={6} align="flex-start">
        <Text size="sm">{problem.message}</Text>
        {problem.field && (
          <Text size="sm">
            Field: <code>{problem.field}</code>
          </Text>
        )}
        <Group gap="sm">
          {onRetry && !isGone && (
            <Button size="compact-sm" variant="default" onClick={onRetry}>
              Try again
            </Button>
          )}
          {problem.requestId && (
            <Text size="xs" c="dimmed">
              Request id for the gateway's log: <code>{problem.requestId}</code>
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
