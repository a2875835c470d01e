import { Badge, Button, Group, Modal, NativeSelect, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBan, IconCircleCheck, IconClockHour4, IconKeyOff, IconPlus, IconTicket } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
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
import { addToken, lifeOf, operatorsQuery, revokeToken, type Token, tokensQuery } from "./queries";

const LOOKS = {
  works: { icon: IconCircleCheck, color: "teal" },
  expired: { icon: IconClockHour4, color: "gray" },
  revoked: { icon: IconBan, color: "red" },
};

export function LifeWord({ life }: { life: keyof typeof LOOKS }) {
  const { icon: Picture, color } = LOOKS[life];
  return (
    <Badge variant="light" color={color} leftSection={<Picture size={13} aria-hidden />}>
      {life}
    </Badge>
  );
}

function TokenForm({ onAdded, onCancel }: { onAdded: (added: Schemas["AddedToken"]) => void; onCancel: () => void }) {
  const client = useQueryClient();
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
      verb="Make the token"
      onCancel={onCancel}
      check={check}
      shows={(field) => ["name", "operator", "expires_in_seconds"].includes(field)}
      onSubmit={async () => {
        const expires_in_seconds = secondsOf(life);
        const added = await addToken({ name, operator, ...(expires_in_seconds ? { expires_in_seconds } : {}) });
        void client.invalidateQueries({ queryKey: ["tokens"] });
        onAdded(added);
      }}
    >
      {(errorOf) => (
        <Stack gap="md">
          <TextInput
            label="Name"
            description="What it is for: laptop, password-manager"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            autoComplete="off"
            data-autofocus
            required
          />
          <NativeSelect
            label="Operator"
            description="Whom it signs in"
            value={operator}
            onChange={(event) => setOperator(event.currentTarget.value)}
            error={errorOf("operator")}
            data={operators.map((it) => it.name)}
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

/** What people sign in with besides a password. */
export function TokensSection() {
  const client = useQueryClient();
  const now = useNow();
  const why = whyNot(useMe(), "manage_operators");
  const tokens = useQuery(tokensQuery);
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<Schemas["AddedToken"]>();
  const [revoking, setRevoking] = useState<Token>();
  const close = () => {
    setAdding(false);
    setAdded(undefined);
  };
  const rows = tokens.data
    ?.slice()
    .sort((one, other) => Number(lifeOf(one, now) !== "works") - Number(lifeOf(other, now) !== "works"));
  const columns: Column<Token>[] = [
    { name: "Name", width: "minmax(80px, 1.2fr)", cell: ({ name }) => <b>{name}</b> },
    { name: "Operator", width: "minmax(64px, 1fr)", isMinor: true, cell: (it) => it.operator_name ?? "–" },
    { name: "State", width: "minmax(88px, 110px)", cell: (it) => <LifeWord life={lifeOf(it, now)} /> },
    { name: "Begins with", width: "140px", isMinor: true, cell: ({ prefix }) => <code>{prefix}…</code> },
    {
      name: "Expires",
      width: "100px",
      isMinor: true,
      cell: ({ expires_at }) => (expires_at ? <Time value={expires_at} /> : "never"),
    },
    { name: "Created", width: "110px", isMinor: true, cell: ({ created_at }) => <Time value={created_at} /> },
    {
      name: "Revoke",
      width: "60px",
      cell: (it) =>
        lifeOf(it, now) === "works" && (
          <MayIcon label={`Revoke ${it.name}`} color="red" onClick={() => setRevoking(it)}>
            <IconKeyOff size={18} />
          </MayIcon>
        ),
    },
  ];
  const add = (
    <MayButton why={why} onClick={() => setAdding(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      Make a token
    </MayButton>
  );
  return (
    <Section
      title="Sign-in tokens"
      description={`Long random secrets that sign an operator in, instead of a password. They are no API keys.${why ? " Yours are listed; owners see everybody's." : ""}`}
      actions={add}
    >
      <DataTable
        label="Sign-in tokens"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        error={tokens.error}
        onRetry={() => void tokens.refetch()}
        empty={
          why ? (
            <EmptyState icon={IconTicket} title="You have no sign-in tokens">
              You sign in with a password or a key. Owners make tokens.
            </EmptyState>
          ) : (
            <EmptyState
              icon={IconTicket}
              title="No sign-in tokens"
              command="countersign token add laptop --operator NAME"
            >
              Everybody signs in with a password or a key.
            </EmptyState>
          )
        }
      />
      <Modal
        opened={isAdding}
        onClose={close}
        title={added ? `Token ${added.name} is made` : "Make a sign-in token"}
        closeOnClickOutside={!added}
      >
        {added ? (
          <Stack gap="md">
            <SecretOnce name="Sign-in token" value={added.token} />
            <Group justify="flex-end">
              <Button onClick={close}>Close</Button>
            </Group>
          </Stack>
        ) : (
          <TokenForm onAdded={setAdded} onCancel={close} />
        )}
      </Modal>
      <ConfirmDialog
        isOpen={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title={`Revoke ${revoking?.name ?? ""}`}
        verb="Revoke the token"
        onConfirm={async () => {
          if (!revoking) return;
          await revokeToken(revoking.id);
          await client.invalidateQueries({ queryKey: ["tokens"] });
          notifications.show({ title: `${revoking.name} is revoked`, message: "Nobody signs in with it any more." });
        }}
      >
        Nobody signs in with it any more; this can't be undone. Sessions that it began go on: end those under Sessions.
      </ConfirmDialog>
    </Section>
  );
}
