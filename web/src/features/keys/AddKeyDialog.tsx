import { Button, Checkbox, Group, Modal, NumberInput, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkLife, LifeInput } from "@/ui/LifeInput";
import { checkName } from "@/ui/names";
import { secondsOf } from "@/ui/units";
import { KeyShown } from "./KeyShown";
import { addKey, keysQuery } from "./queries";

/** What an agent's key may have. Agents never decide and never configure: the gateway refuses the other scopes for them. */
const SCOPES = [
  {
    value: "request:create",
    label: "request:create",
    description: "Ask for actions, carry out what was approved, read its own requests",
  },
  {
    value: "request:read",
    label: "request:read",
    description: "Only read its own requests, for a watcher or a report",
  },
];

const PRESETS = ["1h", "1d", "7d", "30d", "90d", "365d"];
const SHOWN_FIELDS = ["name", "scopes", "expires_in_seconds", "expires", "rate_limit_per_minute"];

export interface AddKeyDialogProps {
  agent: string;
  isOpen: boolean;
  onClose: () => void;
}

/** Makes a key for an agent and shows it this once. */
export function AddKeyDialog({ agent, isOpen, onClose }: AddKeyDialogProps) {
  const [added, setAdded] = useState<Schemas["AddedKey"]>();
  const close = () => {
    setAdded(undefined);
    onClose();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={added ? `Key ${added.name} is made` : `Add a key for ${agent}`}
      size="lg"
      closeOnClickOutside={!added}
    >
      {added ? (
        <Stack gap="md">
          <KeyShown secret={added.key} />
          <Group justify="flex-end">
            <Button onClick={close}>Close</Button>
          </Group>
        </Stack>
      ) : (
        <KeyForm agent={agent} onAdded={setAdded} onCancel={close} />
      )}
    </Modal>
  );
}

interface KeyFormProps {
  agent: string;
  onAdded: (key: Schemas["AddedKey"]) => void;
  onCancel: () => void;
}

function KeyForm({ agent, onAdded, onCancel }: KeyFormProps) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(["request:create", "request:read"]);
  const [life, setLife] = useState("");
  const [rate, setRate] = useState<number | string>("");
  const check = () => {
    const errors: FieldErrors = {};
    const wrongName = checkName(name);
    if (wrongName) errors.name = wrongName;
    if (scopes.length === 0) errors.scopes = "A key without a scope can do nothing: choose at least one";
    const wrongLife = checkLife(life);
    if (wrongLife) errors.expires_in_seconds = wrongLife;
    return errors;
  };
  const submit = async () => {
    const key = await addKey({
      name,
      agent,
      scopes,
      expires_in_seconds: secondsOf(life) ?? null,
      rate_limit_per_minute: typeof rate === "number" ? rate : null,
    });
    void client.invalidateQueries({ queryKey: keysQuery.queryKey });
    onAdded(key);
  };
  return (
    <DialogForm
      verb="Make the key"
      onSubmit={submit}
      onCancel={onCancel}
      check={check}
      shows={(field) => SHOWN_FIELDS.includes(field)}
    >
      {(errorOf) => (
        <>
          <TextInput
            label="Name"
            description="What it is for or where it lies: laptop, ci"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
          />
          <Checkbox.Group
            label="Scopes"
            description="What the key may do, of what grants let the agent do"
            value={scopes}
            onChange={setScopes}
            error={errorOf("scopes")}
          >
            <Stack gap="xs" my="xs">
              {SCOPES.map((scope) => (
                <Checkbox key={scope.value} {...scope} />
              ))}
            </Stack>
          </Checkbox.Group>
          <LifeInput
            label="Expires"
            description="When it stops working by itself"
            value={life}
            onChange={setLife}
            presets={PRESETS}
            error={errorOf("expires_in_seconds") ?? errorOf("expires")}
          />
          <NumberInput
            label="Rate limit"
            description="Calls a minute; left empty there is no limit"
            value={rate}
            onChange={setRate}
            min={1}
            allowDecimal={false}
            allowNegative={false}
            error={errorOf("rate_limit_per_minute")}
          />
        </>
      )}
    </DialogForm>
  );
}
