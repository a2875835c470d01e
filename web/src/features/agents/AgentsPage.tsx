import { Group, Text } from "@mantine/core";
import { IconPlus, IconRobot, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useKillOf } from "@/components/kill/useKills";
import { grantsQuery } from "@/features/grants/queries";
import { VerdictCounts } from "@/features/grants/VerdictCounts";
import { keysQuery } from "@/features/keys/queries";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { SearchField } from "@/ui/Filters";
import { lifeOf } from "@/ui/life";
import { MayButton } from "@/ui/MayButton";
import { Page } from "@/ui/Page";
import { Time } from "@/ui/Time";
import classes from "./agents.module.css";
import { CreateAgentDialog } from "./CreateAgentDialog";
import { KillWord } from "./KillWord";
import { type Agent, agentsQuery } from "./queries";
import { useConfigurationLive } from "./useConfigurationLive";

function State({ agent }: { agent: Agent }) {
  return <KillWord kill={useKillOf("agent", agent.id)} />;
}

/** Who asks? */
export function AgentsPage() {
  useConfigurationLive();
  const navigate = useNavigate();
  const me = useMe();
  const agents = useQuery(agentsQuery);
  const keys = useQuery(keysQuery).data;
  const grants = useQuery(grantsQuery).data;
  const [isCreating, setCreating] = useState(false);
  const { q } = useSearch({ from: "/dashboard/agents" });
  const why = whyNot(me, "configure");

  const columns = useMemo<Column<Agent>[]>(() => {
    const now = Date.now();
    return [
      {
        name: "Name",
        width: "minmax(100px, 1.2fr)",
        cell: (agent) => (
          <Link to="/dashboard/agents/$name" params={{ name: agent.name }} className={classes.name}>
            {agent.name}
          </Link>
        ),
      },
      { name: "State", width: "minmax(84px, 0.6fr)", cell: (agent) => <State agent={agent} /> },
      {
        name: "Description",
        width: "minmax(140px, 2fr)",
        isMinor: true,
        cell: (agent) =>
          agent.description || (
            <Text c="dimmed" size="sm" component="span">
              –
            </Text>
          ),
      },
      {
        name: "Live keys",
        width: "80px",
        isMinor: true,
        cell: (agent) => keys?.filter((key) => key.agent === agent.id && lifeOf(key, now) === "works").length ?? "–",
      },
      {
        name: "Grants",
        width: "minmax(265px, 1.6fr)",
        isMinor: true,
        cell: (agent) => <VerdictCounts grants={grants?.filter((grant) => grant.agent === agent.id)} />,
      },
      {
        name: "Last call",
        width: "minmax(84px, 0.6fr)",
        cell: (agent) => (agent.last_used_at ? <Time value={agent.last_used_at} /> : "never"),
      },
      { name: "Created", width: "110px", isMinor: true, cell: (agent) => <Time value={agent.created_at} /> },
    ];
  }, [keys, grants]);

  const wanted = (q ?? "").toLowerCase();
  const rows = agents.data?.filter((agent) => `${agent.name} ${agent.description}`.toLowerCase().includes(wanted));
  const addButton = (
    <MayButton why={why} onClick={() => setCreating(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      Add an agent
    </MayButton>
  );
  const isEmpty = agents.data?.length === 0;
  return (
    <Page
      title="Agents"
      description="Who asks: each agent has keys to call in with and grants that say what it may do."
      actions={isEmpty ? undefined : addButton}
    >
      {!isEmpty && (
        <Group mb="sm">
          <SearchField
            label="Filter agents"
            placeholder="Name or description"
            value={q}
            onChange={(next) => void navigate({ to: "/dashboard/agents", search: { q: next }, replace: true })}
          />
        </Group>
      )}
      <DataTable
        label="Agents"
        columns={columns}
        rows={rows}
        rowKey={(agent) => agent.id}
        onOpen={(agent) => void navigate({ to: "/dashboard/agents/$name", params: { name: agent.name } })}
        error={agents.error}
        onRetry={() => void agents.refetch()}
        empty={
          isEmpty ? (
            <EmptyState
              icon={IconRobot}
              title="No agents yet"
              command="countersign agent add my-agent --description 'What it is for'"
              action={addButton}
            >
              An agent is a program that asks to act: a coding agent, a bot, a script. Add one to get the key that it
              calls in with. Without a grant it may do nothing.
            </EmptyState>
          ) : (
            <EmptyState icon={IconSearch} title="No agent fits the filter">
              The filter looks at names and descriptions.
            </EmptyState>
          )
        }
      />
      <CreateAgentDialog isOpen={isCreating} onClose={() => setCreating(false)} />
    </Page>
  );
}
