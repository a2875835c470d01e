import { Divider, Modal, Stack } from "@mantine/core";
import { KillForm } from "./KillForm";
import { KillList } from "./KillList";
import type { Kill } from "./useKills";

export interface KillDialogProps {
  isOpen: boolean;
  onClose: () => void;
  kills: readonly Kill[];
}

/** What is stopped, and the form that stops. */
export function KillDialog({ isOpen, onClose, kills }: KillDialogProps) {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Kill switch" size="lg">
      <Stack gap="md">
        <KillList kills={kills} />
        <Divider />
        <KillForm isAllStopped={kills.some(({ scope }) => scope === "all")} />
      </Stack>
    </Modal>
  );
}
