import { Code, List } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconKey, IconKeyOff, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import type { Agent } from "@/features/agents/queries";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { LifeWord, lifeOf, workingFirst } from "@/ui/life";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { useNow } from "@/ui/useNow";
import { AddKeyDialog } from "./AddKeyDialog";
import { type Key, keysQuery, revokeKey } from "./queries";

/** What an agent calls in with. */
export function KeysSection({ agent }: { agent: Agent }) {
  const client = useQueryClient();
  const now = useNow();
  const keys = useQuery(keysQuery);
  const why = whyNot(useMe(), "manage_keys");
  const [isAdding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const rows = keys.data?.filter((key) => key.agent === agent.id).sort(workingFirst(now));
  const columns: Column<Key>[] = [
    { name: "Name", width: "minmax(80px, 1.2fr)", cell: (key) => <b>{key.name}</b> },
    { name: "State", width: "minmax(88px, 110px)", cell: (key) => <LifeWord life={lifeOf(key, now)} /> },
    { name: "Begins with", width: "130px", isMinor: true, cell: (key) => <code>{key.prefix}…</code> },
    { name: "Scopes", width: "minmax(140px, 1.6fr)", isMinor: true, cell: (key) => key.scopes.join(", ") },
    {
      name: "Rate limit",
      width: "110px",
      isMinor: true,
      cell: (key) => (key.rate_limit_per_minute ? `${key.rate_limit_per_minute} a minute` : "none"),
    },
    {
      name: "Expires",
      width: "110px",
      isMinor: true,
      cell: (key) => (key.expires_at ? <Time value={key.expires_at} /> : "never"),
    },
    {
      name: "Last used",
      width: "110px",
      isMinor: true,
      cell: ({ last_used_at }) => (last_used_at ? <Time value={last_used_at} /> : "never"),
    },
    { name: "Created", width: "110px", isMinor: true, cell: (key) => <Time value={key.created_at} /> },
    {
      name: "Revoke",
      width: "60px",
      cell: (key) =>
        lifeOf(key, now) === "works" && (
          <MayIcon why={why} label={`Revoke ${key.name}`} color="red" onClick={() => setRevoking(key)}>
            <IconKeyOff size={18} />
          </MayIcon>
        ),
    },
  ];
  const addButton = (
    <MayButton why={why} onClick={() => setAdding(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      Add a key
    </MayButton>
  );
  const isEmpty = rows?.length === 0;
  return (
    <Section
      title="Keys"
      description="What the agent calls in with. Countersign keeps hashes only: a lost key is revoked and made anew."
      actions={isEmpty ? undefined : addButton}
    >
      <DataTable
        label="Keys"
        columns={columns}
        rows={rows}
        rowKey={(key) => key.id}
        error={keys.error}
        onRetry={() => void keys.refetch()}
        empty={
          <EmptyState
            icon={IconKey}
            title="No keys"
            command={`countersign key add main --agent ${agent.name}`}
            action={addButton}
          >
            Without a key the agent can't call in.
          </EmptyState>
        }
      />
      <AddKeyDialog agent={agent.name} isOpen={isAdding} onClose={() => setAdding(false)} />
      <ConfirmDialog
        isOpen={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title={`Revoke ${revoking?.name ?? ""}`}
        verb="Revoke the key"
        onConfirm={async () => {
          if (!revoking) return;
          await revokeKey(revoking.id);
          await client.invalidateQueries({ queryKey: keysQuery.queryKey });
          notifications.show({ title: `${revoking.name} is revoked`, message: "Open streams close within a second." });
        }}
      >
        The key <Code>{revoking?.prefix}…</Code> stops working. This can't be undone:
        <List size="sm" mt="xs">
          <List.Item>calls with it are refused from now on, and its open streams close within a second</List.Item>
          <List.Item>other keys of {agent.name} go on working</List.Item>
          <List.Item>requests that wait for a decision stay</List.Item>
        </List>
      </ConfirmDialog>
    </Section>
  );
}
