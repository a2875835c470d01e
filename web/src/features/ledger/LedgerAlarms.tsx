import { Alert, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { MayButton } from "@/ui/MayButton";
import { alarmTitle, isLedgerAlarm } from "./alarms";
import { statusQuery } from "./queries";

/** How often it is asked whether an alarm still stands. */
const ALARMED_MS = 2_000;

/** What the gateway itself says is wrong with the ledger. */
export function LedgerAlarms() {
  const status = useQuery({
    ...statusQuery,
    // What is mended is said to be mended.
    refetchInterval: ({ state }) => (state.data?.problems.some(({ code }) => isLedgerAlarm(code)) ? ALARMED_MS : false),
  });
  const problems = status.data?.problems.filter(({ code }) => isLedgerAlarm(code)) ?? [];
  if (problems.length === 0) return null;
  return (
    <Stack gap="sm" mb="md">
      {problems.map((problem) => (
        <Alert
          key={problem.code}
          color="red"
          variant="light"
          icon={<IconAlertTriangle />}
          title={alarmTitle(problem.code)}
          role="alert"
        >
          <Group justify="space-between" gap="sm">
            <Text size="sm" style={{ flex: "1 1 300px" }}>
              {problem.detail}
            </Text>
            {problem.code === "ledger_contradicts_checkpoints" && <AcknowledgeButton />}
          </Group>
        </Alert>
      ))}
    </Stack>
  );
}

/** Takes note of a contradiction, after a restored backup. */
function AcknowledgeButton() {
  const client = useQueryClient();
  const [isOpen, dialog] = useDisclosure(false);
  const why = whyNot(useMe(), "manage_operators");
  return (
    <>
      <MayButton color="red" why={why} onClick={dialog.open}>
        Acknowledge
      </MayButton>
      <ConfirmDialog
        isOpen={isOpen}
        onClose={dialog.close}
        title="Acknowledge that the ledger contradicts its checkpoints?"
        verb="Acknowledge"
        typed="acknowledge"
        onConfirm={async () => {
          await api.POST("/api/v1/audit/acknowledge");
          await Promise.all([
            client.invalidateQueries({ queryKey: ["status"] }),
            client.invalidateQueries({ queryKey: ["ledger"] }),
          ]);
        }}
      >
        Do this only if you know why: you restored a backup, say. If you did not, somebody may have removed entries:
        keep the data folder as it is and find out first. The contradicting checkpoints are put aside, not deleted, and
        that you acknowledged stands in the ledger for good.
      </ConfirmDialog>
    </>
  );
}
