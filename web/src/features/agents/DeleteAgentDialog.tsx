import { List } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { count } from "@/ui/count";
import { removeAgent } from "./queries";

export interface DeleteAgentDialogProps {
  isOpen: boolean;
  name: string;
  keys: number;
  grants: number;
  onClose: () => void;
  onDeleted: () => void;
}

/** Deletes an agent, which can't be undone. */
export function DeleteAgentDialog({ isOpen, name, keys, grants, onClose, onDeleted }: DeleteAgentDialogProps) {
  const client = useQueryClient();
  const remove = async () => {
    await removeAgent(name);
    client.removeQueries({ queryKey: ["agents", "one", name] });
    for (const list of ["agents", "keys", "grants"]) void client.invalidateQueries({ queryKey: [list] });
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
      Its past actions and ledger entries stay. To stop it for a while, kill it instead.
    </ConfirmDialog>
  );
}
