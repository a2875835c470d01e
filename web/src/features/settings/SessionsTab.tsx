import { Badge, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBrowser, IconDoorExit, IconTerminal2 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { TableSkeleton } from "@/ui/TableSkeleton";
import { Time } from "@/ui/Time";
import { Untrusted } from "@/ui/Untrusted";
import { endSession, type Session, sessionsQuery } from "./queries";

/** What the client calls itself is its own word: hidden characters in it are dropped, long ones cut. */
function shown(label: string): string {
  return label.replace(/[\p{C}\u200b-\u200f\u202a-\u202e\u2060-\u2069]/gu, "").slice(0, 60) || "no name";
}

/** Who is signed in where. */
export function SessionsTab() {
  const client = useQueryClient();
  const me = useMe();
  const sessions = useQuery(sessionsQuery);
  const [ending, setEnding] = useState<Session>();
  const [isEndingOthers, setEndingOthers] = useState(false);
  const isOwner = me?.role === "owner";
  const others = sessions.data?.filter((it) => !it.is_current && it.operator === me?.id) ?? [];
  const rows = sessions.data?.slice().sort((one, other) => Number(other.is_current) - Number(one.is_current));
  const columns: Column<Session>[] = [
    {
      name: "Where",
      width: "minmax(150px, 1.6fr)",
      cell: ({ kind, label }) => (
        <Group gap={8} wrap="nowrap">
          {kind === "terminal" ? (
            <IconTerminal2 size={17} aria-label="terminal" />
          ) : (
            <IconBrowser size={17} aria-label="browser" />
          )}
          <Text span size="sm" truncate>
            <Untrusted text={label || "no name"} />
          </Text>
        </Group>
      ),
    },
    { name: "Operator", width: "minmax(64px, 1fr)", cell: ({ operator_name }) => operator_name ?? "–" },
    {
      name: "From",
      width: "minmax(90px, 1fr)",
      isMinor: true,
      cell: ({ source }) => (source ? <code>{source}</code> : "not noted"),
    },
    {
      name: "Last call",
      width: "110px",
      isMinor: true,
      cell: ({ last_seen_at }) =>
        last_seen_at ? (
          <Time value={last_seen_at} />
        ) : (
          <span title="It has not called since the gateway started.">none yet</span>
        ),
    },
    { name: "Signed in", width: "110px", isMinor: true, cell: (it) => <Time value={it.created_at} /> },
    { name: "Last proof", width: "110px", isMinor: true, cell: (it) => <Time value={it.proved_at} /> },
    { name: "Ends", width: "100px", isMinor: true, cell: (it) => <Time value={it.expires_at} /> },
    {
      name: "End",
      width: "76px",
      cell: (it) =>
        it.is_current ? (
          <Badge color="teal" variant="light">
            this one
          </Badge>
        ) : (
          <MayIcon
            label={`End ${shown(it.label)} of ${it.operator_name ?? "nobody"}`}
            color="red"
            onClick={() => setEnding(it)}
          >
            <IconDoorExit size={18} />
          </MayIcon>
        ),
    },
  ];
  const refresh = () => client.invalidateQueries({ queryKey: ["sessions"] });
  return (
    <Section
      title="Sessions"
      description={
        isOwner
          ? "Everybody who is signed in, in a browser or a terminal."
          : "Where you are signed in, in browsers and terminals. Owners see everybody's."
      }
      actions={
        <MayButton
          variant="default"
          why={others.length === 0 ? "You have no other session." : undefined}
          onClick={() => setEndingOthers(true)}
        >
          End my other sessions
        </MayButton>
      }
    >
      {sessions.isPending ? (
        <TableSkeleton label="Sessions" />
      ) : (
        <DataTable
          label="Sessions"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          error={sessions.error}
          onRetry={() => void sessions.refetch()}
          empty={
            <EmptyState icon={IconBrowser} title="No sessions">
              Nobody is signed in.
            </EmptyState>
          }
        />
      )}
      <ConfirmDialog
        isOpen={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title="End a session"
        verb="End the session"
        onConfirm={async () => {
          if (!ending) return;
          await endSession(ending.id);
          await refresh();
          notifications.show({ title: "The session has ended", message: "Its live streams close within a second." });
        }}
      >
        {shown(ending?.label ?? "")} of {ending?.operator_name} is signed out within a second. What was decided there
        stays decided, and they can sign in again: to keep them out, revoke their token or set a new password, too.
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={isEndingOthers}
        onClose={() => setEndingOthers(false)}
        title="End my other sessions"
        verb={`End ${others.length === 1 ? "it" : `all ${others.length}`}`}
        onConfirm={async () => {
          for (const it of others) await endSession(it.id);
          await refresh();
        }}
      >
        Every browser and terminal in which you are signed in, but this one, is signed out.
      </ConfirmDialog>
    </Section>
  );
}
