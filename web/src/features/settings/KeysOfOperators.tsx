import { Badge, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconKey, IconKeyOff, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { addKey, type Key, keyState, keysQuery, revokeKey } from "@/features/keys/queries";
import { checkOperatorName } from "@/features/setup/draft";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { type Column, DataTable } from "@/ui/DataTable";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { EmptyState } from "@/ui/EmptyState";
import { checkLife, LifeInput } from "@/ui/LifeInput";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { SecretOnce } from "@/ui/SecretOnce";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { secondsOf } from "@/ui/units";
import { useNow } from "@/ui/useNow";
import { operatorsQuery } from "./queries";
import { LifeWord } from "./TokensSection";

const USES = [
  { value: "admin,request:decide", label: "Everything that the operator may: configure and decide" },
  { value: "admin", label: "Configure, but never decide" },
  { value: "request:decide", label: "Decide only" },
  { value: "audit:read", label: "Read the ledger only" },
  { value: "metrics:read", label: "Read metrics only" },
];

function KeyForm({ onAdded, onCancel }: { onAdded: (added: Schemas["AddedKey"]) => void; onCancel: () => void }) {
  const client = useQueryClient();
  const me = useMe();
  const operators = useQuery(operatorsQuery).data?.filter((it) => !it.disabled_at) ?? [];
  const [name, setName] = useState("");
  const [operator, setOperator] = useState(me?.name ?? "");
  const [uses, setUses] = useState("admin");
  const [life, setLife] = useState("90d");
  const check = (): FieldErrors => {
    const [named, lived] = [checkOperatorName(name), checkLife(life)];
    return { ...(named ? { name: named } : {}), ...(lived ? { expires_in_seconds: lived } : {}) };
  };
  return (
    <DialogForm
      verb="Make the key"
      onCancel={onCancel}
      check={check}
      shows={(field) => ["name", "operator", "scopes", "expires_in_seconds"].includes(field)}
      onSubmit={async () => {
        const expires_in_seconds = secondsOf(life);
        const scopes = uses.split(",") as Schemas["KeyBody"]["scopes"];
        const added = await addKey({ name, operator, scopes, ...(expires_in_seconds ? { expires_in_seconds } : {}) });
        void client.invalidateQueries({ queryKey: ["keys"] });
        onAdded(added);
      }}
    >
      {(errorOf) => (
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Which program it is for: backup, terraform"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            autoComplete="off"
            data-autofocus
            required
          />
          <NativeSelect
            label="Operator"
            description="On whose behalf it calls"
            value={operator}
            onChange={(event) => setOperator(event.currentTarget.value)}
            error={errorOf("operator")}
            data={operators.map((it) => it.name)}
          />
          <NativeSelect
            label="May"
            description="The least that does; never more than the operator's role may"
            value={uses}
            onChange={(event) => setUses(event.currentTarget.value)}
            error={errorOf("scopes")}
            data={USES}
          />
          <LifeInput
            label="Expires"
            value={life}
            onChange={setLife}
            presets={["1d", "7d", "30d", "90d", "365d"]}
            error={errorOf("expires_in_seconds")}
          />
        </Stack>
      )}
    </DialogForm>
  );
}

/** Keys with which programs call on an operator's behalf: the command line, scripts. */
export function KeysOfOperators() {
  const client = useQueryClient();
  const now = useNow();
  const why = whyNot(useMe(), "manage_operators");
  const keys = useQuery(keysQuery);
  const operators = useQuery(operatorsQuery).data;
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<Schemas["AddedKey"]>();
  const [revoking, setRevoking] = useState<Key>();
  const close = () => {
    setAdding(false);
    setAdded(undefined);
  };
  const rows = keys.data
    ?.filter((key) => key.operator)
    .sort((one, other) => Number(keyState(one, now) !== "works") - Number(keyState(other, now) !== "works"));
  const nameOf = (key: Key) => operators?.find(({ id }) => id === key.operator)?.name ?? "–";
  const columns: Column<Key>[] = [
    { name: "Name", width: "minmax(80px, 1fr)", cell: ({ name }) => <b>{name}</b> },
    { name: "Operator", width: "minmax(64px, 0.8fr)", isMinor: true, cell: nameOf },
    { name: "State", width: "minmax(88px, 110px)", cell: (key) => <LifeWord life={keyState(key, now)} /> },
    {
      name: "Scopes",
      width: "minmax(140px, 1.4fr)",
      isMinor: true,
      cell: ({ scopes }) => (
        <Group gap={4} wrap="nowrap">
          {scopes.map((scope) => (
            <Badge key={scope} variant="default">
              {scope}
            </Badge>
          ))}
        </Group>
      ),
    },
    { name: "Begins with", width: "130px", isMinor: true, cell: ({ prefix }) => <code>{prefix}…</code> },
    {
      name: "Last used",
      width: "110px",
      isMinor: true,
      cell: ({ last_used_at }) => (last_used_at ? <Time value={last_used_at} /> : "never"),
    },
    {
      name: "Expires",
      width: "100px",
      isMinor: true,
      cell: ({ expires_at }) => (expires_at ? <Time value={expires_at} /> : "never"),
    },
    {
      name: "Revoke",
      width: "60px",
      cell: (key) =>
        keyState(key, now) === "works" && (
          <MayIcon why={why} label={`Revoke ${key.name}`} color="red" onClick={() => setRevoking(key)}>
            <IconKeyOff size={18} />
          </MayIcon>
        ),
    },
  ];
  return (
    <Section
      title="Operators' keys"
      description="With these, programs call on an operator's behalf: the command line, scripts. A key that may do everything also signs in."
      actions={
        <MayButton
          why={why}
          variant="default"
          onClick={() => setAdding(true)}
          leftSection={<IconPlus size={16} aria-hidden />}
        >
          Make a key
        </MayButton>
      }
    >
      <DataTable
        label="Operators' keys"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        error={keys.error}
        onRetry={() => void keys.refetch()}
        empty={
          <EmptyState icon={IconKey} title="No keys of operators">
            Programs can't call on an operator's behalf.
          </EmptyState>
        }
      />
      <Modal
        opened={isAdding}
        onClose={close}
        title={added ? `Key ${added.name} is made` : "Make an operator's key"}
        closeOnClickOutside={!added}
      >
        {added ? (
          <Stack gap="md">
            <SecretOnce name="Key" value={added.key} />
            <Text size="sm">
              The command line takes it as <code>COUNTERSIGN_API_KEY</code>, or from a file named by{" "}
              <code>COUNTERSIGN_API_KEY_FILE</code>.
            </Text>
            <Group justify="flex-end">
              <Button onClick={close}>Close</Button>
            </Group>
          </Stack>
        ) : (
          <KeyForm onAdded={setAdded} onCancel={close} />
        )}
      </Modal>
      <ConfirmDialog
        isOpen={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title={`Revoke ${revoking?.name ?? ""}`}
        verb="Revoke the key"
        onConfirm={async () => {
          if (!revoking) return;
          await revokeKey(revoking.id);
          await client.invalidateQueries({ queryKey: ["keys"] });
          notifications.show({ title: `${revoking.name} is revoked`, message: "Open streams close within a second." });
        }}
      >
        Programs that call with it are refused from now on; this can't be undone. What they did stays done.
      </ConfirmDialog>
    </Section>
  );
}
