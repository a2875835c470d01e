import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconLicense, IconPlus, IconX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import classes from "@/features/agents/agents.module.css";
import { type Agent, agentsQuery } from "@/features/agents/queries";
import { type Target, targetsQuery } from "@/features/targets/queries";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { useNow } from "@/ui/useNow";
import { VerdictWord } from "@/ui/Words";
import { GrantDialog } from "./GrantDialog";
import { addGrant, type Grant, grantsQuery, removeGrant } from "./queries";
import { useProfileNames } from "./useProfileNames";

export interface GrantsSectionProps {
  /** Only the grants of this agent. */
  agent?: Agent;
  /** Only the grants on this target. */
  target?: Target;
}

/** What an agent may do, or who may do what on a target. */
export function GrantsSection({ agent, target }: GrantsSectionProps) {
  const client = useQueryClient();
  const now = useNow();
  const grants = useQuery(grantsQuery);
  const agents = useQuery(agentsQuery).data;
  const targets = useQuery(targetsQuery).data;
  const why = whyNot(useMe(), "configure");
  const [isAdding, setAdding] = useState(false);
  const rows = grants.data?.filter(
    (grant) => (!agent || grant.agent === agent.id) && (!target || grant.target === target.id),
  );
  const targetName = (grant: Grant) => targets?.find(({ id }) => id === grant.target)?.name;
  const agentName = (grant: Grant) => agents?.find(({ id }) => id === grant.agent)?.name;
  const profileName = useProfileNames((rows ?? []).map(targetName));
  const refresh = () => client.invalidateQueries({ queryKey: grantsQuery.queryKey });

  const giveBack = async (grant: Grant, names: { agent: string; target: string; profile: string | undefined }) => {
    const left = grant.expires_at ? Math.ceil((new Date(grant.expires_at).getTime() - Date.now()) / 1_000) : null;
    await addGrant({
      ...names,
      action: grant.action,
      verdict: grant.verdict,
      labels: grant.labels,
      expires_in_seconds: left === null ? null : Math.max(1, left),
    });
    await refresh();
  };
  const remove = async (grant: Grant) => {
    // Names are looked up now: an id that was removed could not be given back.
    const names = { agent: grant.agent, target: grant.target, profile: profileName(grant) };
    const id = `grant-${grant.id}`;
    try {
      await removeGrant(grant.id);
      await refresh();
    } catch (error) {
      notifications.show({ color: "red", title: "The grant was not removed", message: asProblem(error).message });
      return;
    }
    notifications.show({
      id,
      autoClose: 12_000,
      title: "The grant is removed",
      message: (
        <Group gap="sm">
          <code>{grant.action}</code>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              notifications.hide(id);
              giveBack(grant, names).catch((error: unknown) =>
                notifications.show({
                  color: "red",
                  title: "The grant was not given back",
                  message: asProblem(error).message,
                }),
              );
            }}
          >
            Undo
          </Button>
        </Group>
      ),
    });
  };

  const columns: Column<Grant>[] = [
    {
      name: "Action",
      width: "minmax(110px, 1.6fr)",
      cell: (grant) => (
        <>
          <code title={grant.action}>{grant.action}</code>
          <Text size="xs" c="dimmed" truncate hiddenFrom="sm">
            {agent ? `on ${targetName(grant) ?? "…"}` : (agentName(grant) ?? "…")}
          </Text>
        </>
      ),
    },
    { name: "Verdict", width: "minmax(96px, 120px)", cell: (grant) => <VerdictWord verdict={grant.verdict} /> },
    agent
      ? {
          name: "On",
          width: "minmax(110px, 1fr)",
          isMinor: true,
          cell: (grant) => (
            <Link
              to="/dashboard/targets/$name"
              params={{ name: targetName(grant) ?? grant.target }}
              className={classes.link}
            >
              {targetName(grant) ?? "…"}
            </Link>
          ),
        }
      : {
          name: "Agent",
          width: "minmax(110px, 1fr)",
          isMinor: true,
          cell: (grant) => (
            <Link
              to="/dashboard/agents/$name"
              params={{ name: agentName(grant) ?? grant.agent }}
              className={classes.link}
            >
              {agentName(grant) ?? "…"}
            </Link>
          ),
        },
    { name: "Profile", width: "110px", isMinor: true, cell: (grant) => profileName(grant) ?? "…" },
    {
      name: "Expires",
      width: "110px",
      isMinor: true,
      cell: (grant) =>
        grant.expires_at ? (
          <>
            {new Date(grant.expires_at).getTime() <= now && "ended "}
            <Time value={grant.expires_at} />
          </>
        ) : (
          "never"
        ),
    },
    { name: "Given", width: "110px", isMinor: true, cell: (grant) => <Time value={grant.created_at} /> },
    {
      name: "Remove",
      width: "60px",
      cell: (grant) => (
        <MayIcon why={why} label={`Remove the grant ${grant.action}`} onClick={() => void remove(grant)}>
          <IconX size={18} />
        </MayIcon>
      ),
    },
  ];
  const addButton = (
    <MayButton why={why} onClick={() => setAdding(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      Add a grant
    </MayButton>
  );
  const isEmpty = rows?.length === 0;
  return (
    <Section
      title="Grants"
      description="Without a grant nothing is allowed. Where several cover an action, the strictest answers: deny before ask before allow."
      actions={isEmpty ? undefined : addButton}
    >
      <DataTable
        label="Grants"
        columns={columns}
        rows={rows}
        rowKey={(grant) => grant.id}
        rowHeight={48}
        error={grants.error}
        onRetry={() => void grants.refetch()}
        empty={
          <EmptyState
            icon={IconLicense}
            title="No grants"
            command={`countersign grant add --agent ${agent?.name ?? "AGENT"} --target ${target?.name ?? "TARGET"} --action 'GET /**' --verdict allow`}
            action={addButton}
          >
            {agent ? `${agent.name} may do nothing yet.` : `Nobody may do anything on ${target?.name} yet.`} A grant
            says which actions it may do on a target, or for which a human is asked.
          </EmptyState>
        }
      />
      {agent && targets?.length === 0 && (
        <Text size="sm">
          There is no target yet that it could act on.{" "}
          <Link to="/dashboard/targets" className={classes.link}>
            Add a target
          </Link>{" "}
          first.
        </Text>
      )}
      <GrantDialog agent={agent?.name} target={target?.name} isOpen={isAdding} onClose={() => setAdding(false)} />
    </Section>
  );
}
