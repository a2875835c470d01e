import { Alert, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { nameOf, useNames } from "@/components/actor/names";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { MayButton } from "@/ui/MayButton";
import { Time } from "@/ui/Time";
import { type Kill, killsQuery, release } from "./useKills";

/** What is stopped, by whom and why, and a way to let each go on. */
export function KillList({ kills }: { kills: readonly Kill[] }) {
  const client = useQueryClient();
  const names = useNames();
  const why = whyNot(useMe(), "kill");
  const [releasing, setReleasing] = useState<Kill>();
  const what = ({ scope, id, name }: Kill) =>
    scope === "all"
      ? "Everything"
      : `${scope === "agent" ? "Agent" : "Target"} ${name ?? nameOf(names, `${scope}:${id}`).name}`;
  if (kills.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing is stopped.
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <Title order={3} size="h6">
        Stopped now
      </Title>
      {kills.map((kill) => (
        <Paper key={`${kill.scope}${kill.id}`} withBorder p="sm" radius="sm">
          <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
            <Group gap={8} wrap="nowrap" align="flex-start" miw={0}>
              <IconPlayerStop size={18} color="var(--mantine-color-red-6)" aria-hidden style={{ flexShrink: 0 }} />
              <div>
                <Text size="sm" fw={600}>
                  {what(kill)}
                </Text>
                <Text size="sm" c="dimmed">
                  <Time value={kill.at} /> by {nameOf(names, kill.by).name}
                  {kill.reason ? `: ${kill.reason}` : ", no reason given"}
                </Text>
              </div>
            </Group>
            <MayButton
              why={why}
              size="compact-sm"
              variant="default"
              onClick={() => setReleasing(kill)}
              leftSection={<IconPlayerPlay size={14} aria-hidden />}
              style={{ flexShrink: 0 }}
              aria-label={`Release ${what(kill)}`}
            >
              Release
            </MayButton>
          </Group>
        </Paper>
      ))}
      <ConfirmDialog
        isOpen={releasing !== undefined}
        onClose={() => setReleasing(undefined)}
        title={`Release: ${releasing ? what(releasing) : ""}`}
        verb="Release"
        color="ink"
        onConfirm={async () => {
          if (!releasing) return;
          await release(releasing);
          await client.invalidateQueries({ queryKey: killsQuery.queryKey });
          notifications.show({ color: "teal", title: "Released", message: "What comes is decided on again." });
        }}
      >
        What agents ask for from now on is decided on again by grants and rules. What was stopped stays stopped: they
        have to ask for it again.
        {releasing?.reason && (
          <Alert mt="sm" color="red" variant="light" title="It was stopped because of">
            {releasing.reason}
          </Alert>
        )}
      </ConfirmDialog>
    </Stack>
  );
}
