import { Button, Group, Modal, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { checkOperatorName } from "@/features/setup/draft";
import { checkNewSecret, NewSecretFields } from "@/features/setup/NewSecretFields";
import { PASSWORD_MINIMUM } from "@/features/setup/strength";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { SecretOnce } from "@/ui/SecretOnce";
import { addOperator } from "./queries";
import { RoleChoice } from "./roles";

type Added = Schemas["AddedOperator"];

function AddForm({ onAdded, onCancel }: { onAdded: (added: Added) => void; onCancel: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState("approver");
  const [way, setWay] = useState("token");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const check = (): FieldErrors => {
    const named = checkOperatorName(name);
    const found = way === "password" ? checkNewSecret(password, again, PASSWORD_MINIMUM) : {};
    return {
      ...(named ? { name: named } : {}),
      ...(found.secret ? { password: found.secret } : {}),
      ...(found.repeated ? { again: found.repeated } : {}),
    };
  };
  const submit = async () => {
    const added = await addOperator({
      name,
      role: role as Schemas["OperatorBody"]["role"],
      ...(way === "password" ? { password } : {}),
    });
    void client.invalidateQueries({ queryKey: ["operators"] });
    void client.invalidateQueries({ queryKey: ["tokens"] });
    onAdded(added);
  };
  return (
    <DialogForm
      verb="Add the operator"
      onSubmit={submit}
      onCancel={onCancel}
      check={check}
      shows={(field) => ["name", "role", "password"].includes(field)}
    >
      {(errorOf) => (
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Stands in the ledger beside what they decide; it can't be changed later."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            required
          />
          <RoleChoice value={role} onChange={setRole} error={errorOf("role")} />
          <Radio.Group label="What they sign in with" value={way} onChange={setWay}>
            <Stack gap="xs" mt={6}>
              <Radio
                value="token"
                label="A sign-in token that is made now"
                description="Shown once, for you to pass on."
              />
              <Radio value="password" label="A password" description="They change it in Settings." />
            </Stack>
          </Radio.Group>
          {way === "password" && (
            <NewSecretFields
              label="Password"
              minimum={PASSWORD_MINIMUM}
              value={password}
              onChange={setPassword}
              repeated={again}
              onRepeated={setAgain}
              error={errorOf("password")}
              repeatedError={errorOf("again")}
            />
          )}
        </Stack>
      )}
    </DialogForm>
  );
}

/** Adds an operator; a sign-in token is shown this once. */
export function AddOperatorDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [added, setAdded] = useState<Added>();
  const close = () => {
    setAdded(undefined);
    onClose();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={added ? `${added.name} is an operator now` : "Add an operator"}
      size="lg"
      closeOnClickOutside={!added}
    >
      {added ? (
        <Stack gap="md">
          {added.token ? (
            <SecretOnce name="Sign-in token" value={added.token}>
              Give it to {added.name} on a way that nobody else reads. They sign in with it at{" "}
              <code>{window.location.origin}/login</code>. Countersign keeps only its hash.
            </SecretOnce>
          ) : (
            <Text size="sm">
              {added.name} signs in with the password at <code>{window.location.origin}/login</code>.
            </Text>
          )}
          <Group justify="flex-end">
            <Button onClick={close}>Close</Button>
          </Group>
        </Stack>
      ) : (
        <AddForm onAdded={setAdded} onCancel={close} />
      )}
    </Modal>
  );
}
