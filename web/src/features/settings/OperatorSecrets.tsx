/** What all secrets of operators have in common, keys and sign-in tokens: a list, a dialog that shows a new one once, an end. */
import { Button, Group, Modal, NativeSelect, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconKeyOff, IconPlus } from "@tabler/icons-react";
import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useMe } from "@/app/me";
import { checkOperatorName } from "@/features/setup/draft";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { type Column, DataTable } from "@/ui/DataTable";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkLife, LifeInput } from "@/ui/LifeInput";
import { LifeWord, lifeOf, type Mortal, workingFirst } from "@/ui/life";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { SecretOnce } from "@/ui/SecretOnce";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { secondsOf } from "@/ui/units";
import { useNow } from "@/ui/useNow";
import { operatorsQuery } from "./queries";

/** What every form of a secret asks for. */
export interface SecretDraft {
  name: string;
  operator: string;
  expires_in_seconds?: number;
}

export interface Secret extends Mortal {
  id: string;
  name: string;
  prefix: string;
}

export interface OperatorSecretsProps<Row extends Secret> {
  noun: "key" | "token";
  title: string;
  description: string;
  /** What the dialog that makes one is called, and what the secret is called in it. */
  makeTitle: string;
  secretName: string;
  nameHint: string;
  operatorHint: string;
  /** The button that makes one, where it is not the main one of its page. */
  variant?: string;
  list: UseQueryResult<Row[]>;
  rows: Row[] | undefined;
  operatorOf: (row: Row) => string;
  /** Between the state and the end. */
  columns?: Column<Row>[];
  empty: ReactNode;
  /** Why none can be made. */
  why: string | undefined;
  /** Why none can be revoked. */
  whyNotRevoke?: string | undefined;
  /** More fields of the form. */
  fields?: (errorOf: (field: string) => string | undefined) => ReactNode;
  add: (draft: SecretDraft) => Promise<{ name: string; secret: string }>;
  /** Said below a secret that was just made. */
  usage?: ReactNode;
  revoke: (id: string) => Promise<unknown>;
  revokeWords: string;
  revokedWords: string;
}

/** The secrets of one kind, as a part of a page. */
export function OperatorSecrets<Row extends Secret>(props: OperatorSecretsProps<Row>) {
  const { noun, list, why } = props;
  const client = useQueryClient();
  const now = useNow();
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<{ name: string; secret: string }>();
  const [revoking, setRevoking] = useState<Row>();
  const refresh = () => client.invalidateQueries({ queryKey: [`${noun}s`] });
  const close = () => {
    setAdding(false);
    setAdded(undefined);
  };
  const columns: Column<Row>[] = [
    { name: "Name", width: "minmax(80px, 1.2fr)", cell: ({ name }) => <b>{name}</b> },
    { name: "Operator", width: "minmax(64px, 1fr)", isMinor: true, cell: props.operatorOf },
    { name: "State", width: "minmax(88px, 110px)", cell: (row) => <LifeWord life={lifeOf(row, now)} /> },
    { name: "Begins with", width: "140px", isMinor: true, cell: ({ prefix }) => <code>{prefix}…</code> },
    ...(props.columns ?? []),
    {
      name: "Expires",
      width: "100px",
      isMinor: true,
      cell: ({ expires_at }) => (expires_at ? <Time value={expires_at} /> : "never"),
    },
    {
      name: "Revoke",
      width: "60px",
      cell: (row) =>
        lifeOf(row, now) === "works" && (
          <MayIcon why={props.whyNotRevoke} label={`Revoke ${row.name}`} color="red" onClick={() => setRevoking(row)}>
            <IconKeyOff size={18} />
          </MayIcon>
        ),
    },
  ];
  return (
    <Section
      title={props.title}
      description={props.description}
      actions={
        <MayButton
          why={why}
          variant={props.variant}
          onClick={() => setAdding(true)}
          leftSection={<IconPlus size={16} aria-hidden />}
        >
          {`Make a ${noun}`}
        </MayButton>
      }
    >
      <DataTable
        label={props.title}
        columns={columns}
        rows={props.rows?.toSorted(workingFirst(now))}
        rowKey={({ id }) => id}
        error={list.error}
        onRetry={() => void list.refetch()}
        empty={props.empty}
      />
      <Modal
        opened={isAdding}
        onClose={close}
        title={added ? `${noun === "key" ? "Key" : "Token"} ${added.name} is made` : props.makeTitle}
        closeOnClickOutside={!added}
      >
        {added ? (
          <Stack gap="md">
            <SecretOnce name={props.secretName} value={added.secret} />
            {props.usage}
            <Group justify="flex-end">
              <Button onClick={close}>Close</Button>
            </Group>
          </Stack>
        ) : (
          <SecretForm
            {...props}
            add={async (draft) => {
              setAdded(await props.add(draft));
              void refresh();
            }}
            onCancel={close}
          />
        )}
      </Modal>
      <ConfirmDialog
        isOpen={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title={`Revoke ${revoking?.name ?? ""}`}
        verb={`Revoke the ${noun}`}
        onConfirm={async () => {
          if (!revoking) return;
          await props.revoke(revoking.id);
          await refresh();
          notifications.show({ title: `${revoking.name} is revoked`, message: props.revokedWords });
        }}
      >
        {props.revokeWords}
      </ConfirmDialog>
    </Section>
  );
}

interface SecretFormProps extends Pick<OperatorSecretsProps<Secret>, "noun" | "nameHint" | "operatorHint" | "fields"> {
  add: (draft: SecretDraft) => Promise<void>;
  onCancel: () => void;
}

function SecretForm({ noun, nameHint, operatorHint, fields, add, onCancel }: SecretFormProps) {
  const me = useMe();
  const operators = useQuery(operatorsQuery).data?.filter((it) => !it.disabled_at) ?? [];
  const [name, setName] = useState("");
  const [operator, setOperator] = useState(me?.name ?? "");
  const [life, setLife] = useState("90d");
  const check = (): FieldErrors => {
    const [named, lived] = [checkOperatorName(name), checkLife(life)];
    return { ...(named ? { name: named } : {}), ...(lived ? { expires_in_seconds: lived } : {}) };
  };
  return (
    <DialogForm
      verb={`Make the ${noun}`}
      onCancel={onCancel}
      check={check}
      shows={(field) => ["name", "operator", "expires_in_seconds", ...(fields ? ["scopes"] : [])].includes(field)}
      onSubmit={() => {
        const expires_in_seconds = secondsOf(life);
        return add({ name, operator, ...(expires_in_seconds ? { expires_in_seconds } : {}) });
      }}
    >
      {(errorOf) => (
        <Stack gap="md">
          <TextInput
            label="Name"
            description={nameHint}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            autoComplete="off"
            data-autofocus
            required
          />
          <NativeSelect
            label="Operator"
            description={operatorHint}
            value={operator}
            onChange={(event) => setOperator(event.currentTarget.value)}
            error={errorOf("operator")}
            data={operators.map((it) => it.name)}
          />
          {fields?.(errorOf)}
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
