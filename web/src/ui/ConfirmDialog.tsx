import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ErrorNotice } from "./ErrorNotice";

export interface ConfirmDialogProps {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, and what will be lost. */
  children: ReactNode;
  /** The word on the button: a verb. */
  verb: string;
  /** Does it. The dialog closes when it is done and shows why when it could not be. */
  onConfirm: () => Promise<unknown>;
  /** The name that has to be typed first, for what can't be undone. */
  typed?: string;
  color?: string;
}

/** Asks before something is done that deserves a thought. */
export function ConfirmDialog({
  isOpen,
  onClose,
  title,
  children,
  verb,
  onConfirm,
  typed,
  color = "red",
}: ConfirmDialogProps) {
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setText("");
    setError(undefined);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      close();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={isOpen} onClose={close} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <Stack gap="md">
          <Text size="sm" component="div">
            {children}
          </Text>
          {typed && (
            <TextInput
              label={
                <>
                  Type <code>{typed}</code> to go on
                </>
              }
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          {error !== undefined && <ErrorNotice error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus={typed ? undefined : true}>
              Cancel
            </Button>
            <Button type="submit" color={color} loading={isBusy} disabled={typed !== undefined && text !== typed}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
