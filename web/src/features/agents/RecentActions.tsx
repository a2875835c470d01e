import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type Column, DataTable } from "@/ui/DataTable";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { Untrusted } from "@/ui/Untrusted";
import { EffectWord, StateWord } from "@/ui/Words";
import { type RecentFilter, recentActionsQuery } from "./queries";

const SHOWN = 10;

type Action = NonNullable<ReturnType<typeof useRecent>["data"]>[number];

function useRecent(filter: RecentFilter) {
  return useQuery(recentActionsQuery(filter, SHOWN));
}

/** The last actions of an agent or on a target; all of them are in the Activity. */
export function RecentActions({ filter }: { filter: RecentFilter }) {
  const navigate = useNavigate();
  const recent = useRecent(filter);
  const columns: Column<Action>[] = [
    { name: "State", width: "minmax(96px, 120px)", cell: (action) => <StateWord state={action.state} /> },
    { name: "Action", width: "minmax(120px, 2fr)", cell: (action) => <Untrusted text={action.action} /> },
    { name: "Effect", width: "120px", isMinor: true, cell: (action) => <EffectWord effect={action.effect} /> },
    filter.agent
      ? { name: "Target", width: "minmax(100px, 1fr)", isMinor: true, cell: (action) => action.target }
      : { name: "Agent", width: "minmax(100px, 1fr)", isMinor: true, cell: (action) => action.agent },
    { name: "When", width: "minmax(90px, 110px)", cell: (action) => <Time value={action.created_at} /> },
  ];
  return (
    <Section
      title="Recent actions"
      actions={
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/dashboard/activity" search={filter} />}>
          All of them in Activity
        </Anchor>
      }
    >
      <DataTable
        label="Recent actions"
        columns={columns}
        rows={recent.data}
        rowKey={(action) => action.id}
        onOpen={(action) => void navigate({ to: "/dashboard/activity/$id", params: { id: action.id } })}
        error={recent.error}
        onRetry={() => void recent.refetch()}
        empty={
          <Text size="sm" c="dimmed">
            {filter.agent ? "It has asked for nothing yet." : "Nobody has asked for anything on it yet."}
          </Text>
        }
      />
    </Section>
  );
}
