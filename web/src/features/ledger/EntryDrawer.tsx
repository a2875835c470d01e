import { ActionIcon, Anchor, Drawer, Group, Skeleton, Text } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ActorName } from "@/components/actor/ActorName";
import { useNames } from "@/components/actor/names";
import { outcomeWords } from "@/features/activity/timeline";
import { UntrustedText } from "@/ui/BytesText";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Facts } from "@/ui/Facts";
import { Copy, Id } from "@/ui/Id";
import { exact, Time } from "@/ui/Time";
import { VerdictWord } from "@/ui/Words";
import { type Entry, subjectWords } from "./entries";
import { kindWords } from "./kinds";
import { endsQuery, entryQuery } from "./queries";
import type { LedgerSearch } from "./search";

const number = new Intl.NumberFormat("en");

/** One entry with all its fields. */
export function EntryDrawer({ search }: { search: LedgerSearch }) {
  const navigate = useNavigate();
  const position = search.entry;
  const { data, error } = useQuery({ ...entryQuery(position ?? 0), enabled: position !== undefined });
  const last = useQuery(endsQuery).data?.last ?? 0;
  const go = (entry: number | undefined) =>
    void navigate({ to: "/dashboard/ledger", search: { ...search, entry }, replace: true });
  return (
    <Drawer
      opened={position !== undefined}
      onClose={() => go(undefined)}
      position="right"
      size={480}
      title={`Entry ${number.format(position ?? 0)}`}
    >
      {position !== undefined && (
        <>
          <Group gap="xs" mb="sm">
            <ActionIcon
              variant="default"
              aria-label="The entry after this one"
              disabled={position >= last}
              onClick={() => go(position + 1)}
            >
              <IconChevronUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="default"
              aria-label="The entry before this one"
              disabled={position === 0}
              onClick={() => go(position - 1)}
            >
              <IconChevronDown size={16} />
            </ActionIcon>
          </Group>
          {error && <ErrorNotice error={error} />}
          {data === undefined && !error && <Skeleton height={240} />}
          {data === null && (
            <Text size="sm">
              There is no entry at this position: it was pruned, or the ledger has not come so far yet.
            </Text>
          )}
          {data && <EntryFacts entry={data} />}
        </>
      )}
    </Drawer>
  );
}

function EntryFacts({ entry }: { entry: Entry }) {
  const names = useNames();
  return (
    <Facts
      facts={[
        [
          "What happened",
          <span key="kind">
            {kindWords(entry.kind)}
            <br />
            <code>{entry.kind}</code>
          </span>,
        ],
        [
          "When",
          <span key="at">
            {exact.format(new Date(entry.at))} (<Time value={entry.at} />)
          </span>,
        ],
        ["Actor", <ActorName key="actor" actor={entry.actor} name={entry.actor_name} />],
        entry.subject
          ? ["About", <UntrustedText key="subject" value={subjectWords(names, entry.subject)} />]
          : undefined,
        entry.action_id
          ? [
              "Action",
              <Anchor
                key="action"
                component={Link}
                to="/dashboard/activity/$id"
                params={{ id: entry.action_id } as never}
                size="sm"
              >
                {entry.action_id}
              </Anchor>,
            ]
          : undefined,
        entry.verdict ? ["Verdict", <VerdictWord key="verdict" verdict={entry.verdict} />] : undefined,
        entry.rule ? ["By", <code key="rule">{entry.rule}</code>] : undefined,
        typeof entry.policy_version === "number" && ["Configuration epoch", number.format(entry.policy_version)],
        entry.outcome ? ["Outcome", <UntrustedText key="outcome" value={outcomeWords(entry.outcome)} />] : undefined,
        [
          "Chain value",
          <Group key="chain" gap={4} wrap="nowrap" align="flex-start">
            <code style={{ wordBreak: "break-all", fontSize: "0.85em" }}>{entry.chain}</code>
            <Copy value={entry.chain} label="Copy the chain value" />
          </Group>,
        ],
        ["Entry id", <Id key="id" value={entry.id} label="the entry's id" />],
      ]}
    />
  );
}
