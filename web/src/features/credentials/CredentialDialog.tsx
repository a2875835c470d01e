import { Alert, Modal, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Target } from "@/features/targets/queries";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkPairs, newPair, objectOf, type Pair, PairsInput } from "@/ui/PairsInput";
import { type Credential, credentialsQuery, setCredential } from "./queries";
import { labelOf, TYPES } from "./types";

export interface CredentialDialogProps {
  target: Target;
  profile: string | undefined;
  /** The types that the target's connector can use. */
  types: readonly string[];
  /** The one that is replaced. */
  before: Credential | undefined;
  onClose: () => void;
}

/** Sets a credential: it goes into the vault and never comes back out to anybody who looks. */
export function CredentialDialog({ target, profile, types, before, onClose }: CredentialDialogProps) {
  const verb = before ? "Replace" : "Set";
  return (
    <Modal
      opened={profile !== undefined}
      onClose={onClose}
      title={`${verb} the credential of ${target.name}`}
      size="lg"
    >
      {profile !== undefined && (
        <CredentialForm target={target} profile={profile} types={types} before={before} onClose={onClose} />
      )}
    </Modal>
  );
}

function CredentialForm({ target, profile, types, before, onClose }: CredentialDialogProps) {
  const client = useQueryClient();
  const [type, setType] = useState(before && types.includes(before.type) ? before.type : (types[0] ?? "bearer"));
  const [values, setValues] = useState<Record<string, string>>({});
  const [headers, setHeaders] = useState<Pair[]>(() => [newPair()]);
  const kind = TYPES[type];
  const isHeaders = type === "headers";

  const check = () => {
    const errors: FieldErrors = {};
    if (isHeaders) {
      const wrong = checkPairs(headers, "header");
      if (wrong || Object.keys(objectOf(headers)).length === 0)
        errors.fields = wrong ?? "Give at least one header and its value";
    }
    for (const field of kind?.fields ?? [])
      if (!values[field.name] && !field.isOptional) errors[`fields.${field.name}`] = `${field.label} is needed`;
    return errors;
  };
  const submit = async () => {
    const fields = isHeaders
      ? objectOf(headers)
      : Object.fromEntries((kind?.fields ?? []).map(({ name }) => [name, values[name] ?? ""]));
    await setCredential({ target: target.name, profile, type, fields: fields as never });
    await client.invalidateQueries({ queryKey: credentialsQuery.queryKey.slice(0, 1) });
    notifications.show({
      color: "teal",
      title: before ? "The credential is replaced" : "The credential is set",
      message: "It is sealed in the vault and is not shown again.",
    });
    onClose();
  };
  return (
    <DialogForm
      verb={before ? "Replace" : "Set the credential"}
      onSubmit={submit}
      onCancel={onClose}
      check={check}
      shows={(field) => field === "type" || (isHeaders ? field.startsWith("fields") : field.startsWith("fields."))}
    >
      {(errorOf) => (
        <>
          <NativeSelect
            label="Type"
            description={kind?.description}
            value={type}
            onChange={(event) => {
              setType(event.currentTarget.value);
              setValues({});
            }}
            data={types.map((value) => ({ value, label: labelOf(value) }))}
            error={errorOf("type")}
          />
          {isHeaders ? (
            <PairsInput
              label="Headers"
              what="header"
              description="Names stay visible, values do not"
              pairs={headers}
              onChange={setHeaders}
              valueField={PasswordInput as never}
              error={errorOf("fields") ?? headers.map(({ name }) => errorOf(`fields.${name.trim()}`)).find(Boolean)}
            />
          ) : (
            kind?.fields.map((field) => {
              const common = {
                label: field.label,
                description: field.description,
                value: values[field.name] ?? "",
                onChange: (event: { currentTarget: { value: string } }) =>
                  setValues({ ...values, [field.name]: event.currentTarget.value }),
                error: errorOf(`fields.${field.name}`),
                required: !field.isOptional,
                spellCheck: false,
              };
              return field.isSecret ? (
                // A password manager must neither fill this in nor keep it.
                <PasswordInput key={field.name} {...common} autoComplete="new-password" />
              ) : (
                <TextInput key={field.name} {...common} autoComplete="off" />
              );
            })
          )}
          <Alert variant="light" color={before ? "yellow" : "ink"} title={before ? "What this changes" : "Write only"}>
            {before
              ? "The credential before is gone at once. Requests on this profile that wait for a decision, and approved ones that have not run, go stale and have to be asked for again."
              : "It is sealed in the vault and put into calls on their way out. No agent and no operator can read it back."}
          </Alert>
        </>
      )}
    </DialogForm>
  );
}
