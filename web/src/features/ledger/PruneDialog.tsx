import { Anchor, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import type { Checkpoint } from "./checkpoints";
import { EXPORT_NAME, EXPORT_PATH } from "./export";

const number = new Intl.NumberFormat("en");

/** Deletes what lies under a checkpoint, after its words were typed. */
export function PruneDialog({ checkpoint, onClose }: { checkpoint: Checkpoint | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const size = checkpoint?.size ?? 0;
  return (
    <ConfirmDialog
      isOpen={checkpoint !== undefined}
      onClose={onClose}
      title={`Prune the entries before ${number.format(size)}?`}
      verb="Prune"
      typed={`prune ${size}`}
      onConfirm={async () => {
        const done = (await body(api.POST("/api/v1/audit/prune", { body: { size } }))) as { pruned?: number };
        await Promise.all([
          client.resetQueries({ queryKey: ["ledger"] }),
          client.invalidateQueries({ queryKey: ["actions"] }),
        ]);
        notifications.show({ message: `${number.format(done.pruned ?? 0)} entries were pruned.` });
      }}
    >
      <Stack gap="xs">
        <span>
          Entries 0 to {number.format(Math.max(0, size - 1))} are deleted for good, with the inputs and outputs of their
          actions. The chain still verifies from this checkpoint on, and that you pruned stands in the ledger.
        </span>
        <span>
          <Anchor href={EXPORT_PATH} download={EXPORT_NAME} size="sm">
            Download the ledger first
          </Anchor>{" "}
          to be able to prove what was in it.
        </span>
      </Stack>
    </ConfirmDialog>
  );
}
