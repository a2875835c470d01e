import { Group } from "@mantine/core";
import { IconPlus, IconSearch, IconTarget } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useKillOf } from "@/components/kill/useKills";
import classes from "@/features/agents/agents.module.css";
import { KillWord } from "@/features/agents/KillWord";
import { useConfigurationLive } from "@/features/agents/useConfigurationLive";
import { credentialsQuery } from "@/features/credentials/queries";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { SearchField } from "@/ui/Filters";
import { MayButton } from "@/ui/MayButton";
import { Page } from "@/ui/Page";
import { Time } from "@/ui/Time";
import { CreateTargetDialog } from "./CreateTargetDialog";
import { addressOf, type Target, targetsQuery } from "./queries";
import { TestWord } from "./TestWord";

function State({ target }: { target: Target }) {
  return <KillWord kill={useKillOf("target", target.id)} />;
}

/** What can be touched? */
export function TargetsPage() {
  useConfigurationLive();
  const navigate = useNavigate();
  const me = useMe();
  const { q } = useSearch({ from: "/dashboard/targets" });
  const targets = useQuery(targetsQuery);
  const credentials = useQuery(credentialsQuery).data;
  const [isCreating, setCreating] = useState(false);
  const why = whyNot(me, "configure");

  const columns = useMemo<Column<Target>[]>(
    () => [
      {
        name: "Name",
        width: "minmax(110px, 1.1fr)",
        cell: (target) => (
          <Link to="/dashboard/targets/$name" params={{ name: target.name }} className={classes.name}>
            {target.name}
          </Link>
        ),
      },
      { name: "State", width: "minmax(90px, 120px)", cell: (target) => <State target={target} /> },
      { name: "Connector", width: "minmax(76px, 90px)", cell: (target) => target.connector },
      {
        name: "Address",
        width: "minmax(160px, 2fr)",
        isMinor: true,
        cell: (target) => <code title={addressOf(target)}>{addressOf(target)}</code>,
      },
      {
        name: "Credential",
        width: "120px",
        isMinor: true,
        cell: (target) => {
          const set = credentials?.filter((credential) => credential.target === target.name) ?? [];
          const newest = set
            .map(({ set_at }) => set_at)
            .sort()
            .at(-1);
          return newest ? (
            <>
              set <Time value={newest} />
            </>
          ) : (
            "none"
          );
        },
      },
      {
        name: "Private network",
        width: "110px",
        isMinor: true,
        cell: (target) => (target.allow_private_network ? "allowed" : "closed"),
      },
      { name: "Asks from risk", width: "100px", isMinor: true, cell: (target) => target.risk_threshold ?? "never" },
      { name: "Last test", width: "120px", isMinor: true, cell: (target) => <TestWord name={target.name} /> },
    ],
    [credentials],
  );

  const wanted = (q ?? "").toLowerCase();
  const rows = targets.data?.filter((target) => `${target.name} ${addressOf(target)}`.toLowerCase().includes(wanted));
  const isEmpty = targets.data?.length === 0;
  const addButton = (
    <MayButton why={why} onClick={() => setCreating(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      Add a target
    </MayButton>
  );
  return (
    <Page
      title="Targets"
      description="What can be touched: systems that agents reach through the gateway, with credentials that agents never see."
      actions={isEmpty ? undefined : addButton}
    >
      {!isEmpty && (
        <Group mb="sm">
          <SearchField
            label="Filter targets"
            placeholder="Name or address"
            value={q}
            onChange={(next) => void navigate({ to: "/dashboard/targets", search: { q: next }, replace: true })}
          />
        </Group>
      )}
      <DataTable
        label="Targets"
        columns={columns}
        rows={rows}
        rowKey={(target) => target.id}
        onOpen={(target) => void navigate({ to: "/dashboard/targets/$name", params: { name: target.name } })}
        error={targets.error}
        onRetry={() => void targets.refetch()}
        empty={
          isEmpty ? (
            <EmptyState
              icon={IconTarget}
              title="No targets yet"
              command="countersign target add payments --connector http --base-url https://api.example.com/v1"
              action={addButton}
            >
              A target is a system that agents may reach: an API, later a database or a host. The gateway keeps its
              credential and puts it in on the way out.
            </EmptyState>
          ) : (
            <EmptyState icon={IconSearch} title="No target fits the filter">
              The filter looks at names and addresses.
            </EmptyState>
          )
        }
      />
      <CreateTargetDialog isOpen={isCreating} onClose={() => setCreating(false)} />
    </Page>
  );
}
