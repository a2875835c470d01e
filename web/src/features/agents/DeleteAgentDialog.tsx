import { List } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { count } from "@/ui/count";
import { removeAgent } from "./queries";

export interface DeleteAgentDialogProps {
  isOpen: boolean;
  name: string;
  keys: number;
  grants: number;
  onClose: () => void;
  /** Called before it is deleted, and again with false when it was not. */
  onLeave: (isGone: boolean) => void;
  onDeleted: () => void;
}

/** Deletes an agent, which can't be undone. */
export function DeleteAgentDialog({ isOpen, name, keys, grants, onClose, onLeave, onDeleted }: DeleteAgentDialogProps) {
  const remove = async () => {
    onLeave(true);
    try {
      await removeAgent(name);
    } catch (error) {
      onLeave(false);
      throw error;
    }
    notifications.show({ title: `${name} is deleted`, message: "Its keys no longer work." });
    onDeleted();
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title={`Delete ${name}`}
      verb="Delete the agent"
      typed={name}
      onConfirm={remove}
    >
      This can't be undone. What is lost:
      <List size="sm" my="xs">
        <List.Item>{count(keys, "key")}: each stops working within a second</List.Item>
        <List.Item>{count(grants, "grant")}</List.Item>
        <List.Item>what it has asked for and nobody has decided: it is cancelled</List.Item>
      </List>
      Its past actions and ledger entries stay. To halt it for a while, stop it instead.
    </ConfirmDialog>
  );
}
