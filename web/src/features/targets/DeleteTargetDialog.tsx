import { List } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { count } from "@/ui/count";
import { removeTarget } from "./queries";

export interface DeleteTargetDialogProps {
  isOpen: boolean;
  name: string;
  credentials: number;
  profiles: number;
  grants: number;
  onClose: () => void;
  /** Called before it is deleted, and again with false when it was not. */
  onLeave: (isGone: boolean) => void;
  onDeleted: () => void;
}

/** Deletes a target, which can't be undone. */
export function DeleteTargetDialog(props: DeleteTargetDialogProps) {
  const { isOpen, name, onClose, onLeave, onDeleted } = props;
  const remove = async () => {
    onLeave(true);
    try {
      await removeTarget(name);
    } catch (error) {
      onLeave(false);
      throw error;
    }
    notifications.show({ title: `${name} is deleted`, message: "No agent reaches it through the gateway any more." });
    onDeleted();
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title={`Delete ${name}`}
      verb="Delete the target"
      typed={name}
      onConfirm={remove}
    >
      This can't be undone. What is lost:
      <List size="sm" my="xs">
        <List.Item>{count(props.credentials, "credential")}: nobody can read it back</List.Item>
        <List.Item>{count(props.profiles, "profile")}</List.Item>
        <List.Item>{count(props.grants, "grant")} of agents on it</List.Item>
        <List.Item>what runs on it is stopped, what waits for a decision is taken back</List.Item>
      </List>
      Its past actions and ledger entries stay. To halt it for a while, stop it instead.
    </ConfirmDialog>
  );
}
