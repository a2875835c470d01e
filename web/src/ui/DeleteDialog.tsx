import { List } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { ConfirmDialog } from "./ConfirmDialog";

export interface DeleteDialogProps {
  isOpen: boolean;
  /** What it is: an agent, a target. */
  noun: string;
  name: string;
  /** What goes with it. */
  lost: readonly ReactNode[];
  remove: (name: string) => Promise<unknown>;
  /** What is different now. */
  meaning: string;
  onClose: () => void;
  /** Called before it is deleted, and again with false when it was not. */
  onLeave: (isGone: boolean) => void;
  onDeleted: () => void;
}

/** Deletes what has a page of its own, which can't be undone. */
export function DeleteDialog(props: DeleteDialogProps) {
  const { isOpen, noun, name, lost, remove, meaning, onClose, onLeave, onDeleted } = props;
  const confirm = async () => {
    onLeave(true);
    try {
      await remove(name);
    } catch (error) {
      onLeave(false);
      throw error;
    }
    notifications.show({ title: `${name} is deleted`, message: meaning });
    onDeleted();
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title={`Delete ${name}`}
      verb={`Delete the ${noun}`}
      typed={name}
      onConfirm={confirm}
    >
      This can't be undone. What is lost:
      <List size="sm" my="xs">
        {lost.map((each, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes its order
          <List.Item key={index}>{each}</List.Item>
        ))}
      </List>
      Its past actions and ledger entries stay. To halt it for a while, stop it instead.
    </ConfirmDialog>
  );
}
