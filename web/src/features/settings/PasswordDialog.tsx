import { Modal, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { checkNewSecret, NewSecretFields } from "@/features/setup/NewSecretFields";
import { PASSWORD_MINIMUM } from "@/features/setup/strength";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { setPassword } from "./queries";

export interface PasswordDialogProps {
  operator: { id: string; name: string } | undefined;
  onClose: () => void;
}

function PasswordForm({ operator, onClose }: { operator: { id: string; name: string }; onClose: () => void }) {
  const client = useQueryClient();
  const isMine = useMe()?.id === operator.id;
  const [password, setValue] = useState("");
  const [again, setAgain] = useState("");
  const check = (): FieldErrors => {
    const found = checkNewSecret(password, again, PASSWORD_MINIMUM);
    return {
      ...(found.secret ? { password: found.secret } : {}),
      ...(found.repeated ? { again: found.repeated } : {}),
    };
  };
  return (
    <DialogForm
      verb="Set the password"
      onCancel={onClose}
      check={check}
      shows={(field) => field === "password"}
      onSubmit={async () => {
        await setPassword(operator.id, password);
        await client.invalidateQueries({ queryKey: ["operators"] });
        await client.invalidateQueries({ queryKey: ["sessions"] });
        notifications.show({
          color: "teal",
          title: isMine ? "Your password is set" : `The password of ${operator.name} is set`,
          message: isMine ? "Your other sessions have ended." : "Their sessions have ended.",
        });
        onClose();
      }}
    >
      {(errorOf) => (
        <>
          <Text size="sm">
            {isMine
              ? "All of your other sessions end: whoever had the old password is out."
              : `All sessions of ${operator.name} end. Pass the new password on where nobody else reads it.`}
          </Text>
          <NewSecretFields
            label="New password"
            minimum={PASSWORD_MINIMUM}
            value={password}
            onChange={setValue}
            repeated={again}
            onRepeated={setAgain}
            error={errorOf("password")}
            repeatedError={errorOf("again")}
          />
        </>
      )}
    </DialogForm>
  );
}

export function PasswordDialog({ operator, onClose }: PasswordDialogProps) {
  const isMine = useMe()?.id === operator?.id;
  return (
    <Modal
      opened={operator !== undefined}
      onClose={onClose}
      title={isMine ? "Set your password" : `Set the password of ${operator?.name ?? ""}`}
    >
      {operator && <PasswordForm operator={operator} onClose={onClose} />}
    </Modal>
  );
}
