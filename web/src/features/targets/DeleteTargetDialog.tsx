import { List } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
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
  onDeleted: () => void;
}

/** Deletes a target, which can't be undone. */
export function DeleteTargetDialog(props: DeleteTargetDialogProps) {
  const { isOpen, name, onClose, onDeleted } = props;
  const client = useQueryClient();
  const remove = async () => {
    await removeTarget(name);
    client.removeQueries({ queryKey: ["targets", "one", name] });
    client.removeQueries({ queryKey: ["targets", "profiles", name] });
    for (const list of ["targets", "credentials", "grants"]) void client.invalidateQueries({ queryKey: [list] });
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
      Its past actions and ledger entries stay. To stop it for a while, kill it instead.
    </ConfirmDialog>
  );
}
