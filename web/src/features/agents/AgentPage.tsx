import { Group, Tabs } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useKillOf } from "@/components/kill/useKills";
import { GrantsSection } from "@/features/grants/GrantsSection";
import { grantsQuery } from "@/features/grants/queries";
import { KeysSection } from "@/features/keys/KeysSection";
import { keysQuery } from "@/features/keys/queries";
import { BackLink } from "@/ui/BackLink";
import { count } from "@/ui/count";
import { DeleteDialog } from "@/ui/DeleteDialog";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { MayButton } from "@/ui/MayButton";
import { Page } from "@/ui/Page";
import { AgentOverview } from "./AgentOverview";
import { KillButton } from "./KillButton";
import { KillWord } from "./KillWord";
import { agentQuery, removeAgent } from "./queries";
import { useConfigurationLive } from "./useConfigurationLive";

/** One agent: what it is, its keys, its grants. The tab is in the address. */
export function AgentPage() {
  // What is deleted is asked for no more, by no part of its page, though the ledger tells of it before the page is left.
  const [isGone, setGone] = useState(false);
  useConfigurationLive({ isPaused: isGone });
  const client = useQueryClient();
  const { name = "", tab = "overview" } = useParams({ strict: false });
  const navigate = useNavigate();
  const agent = useQuery({ ...agentQuery(name), enabled: !isGone });
  const keyCount = useQuery(keysQuery).data?.filter((key) => key.agent === agent.data?.id && !key.revoked_at).length;
  const grantCount = useQuery(grantsQuery).data?.filter((grant) => grant.agent === agent.data?.id).length;
  const kill = useKillOf("agent", agent.data?.id);
  const why = whyNot(useMe(), "configure");
  const [isDeleting, setDeleting] = useState(false);
  const go = (to: string | null) =>
    void navigate({ to: "/dashboard/agents/$name/$tab", params: { name, tab: to ?? "overview" } });
  const leave = async () => {
    await navigate({ to: "/dashboard/agents" });
    client.removeQueries({ queryKey: ["agents", "one", name] });
    for (const list of ["agents", "keys", "grants"]) void client.invalidateQueries({ queryKey: [list] });
  };

  return (
    <Page
      title={name}
      description={<BackLink to="/dashboard/agents">All agents</BackLink>}
      actions={
        agent.data && (
          <>
            <KillWord kill={kill} />
            <KillButton scope="agent" name={name} kill={kill} />
            <MayButton
              why={why}
              variant="default"
              onClick={() => setDeleting(true)}
              leftSection={<IconTrash size={16} aria-hidden />}
            >
              Delete
            </MayButton>
          </>
        )
      }
    >
      {agent.error && (!agent.data || asProblem(agent.error).status === 404) ? (
        <ErrorNotice error={agent.error} onRetry={() => void agent.refetch()} />
      ) : (
        !isGone && (
          <Tabs value={tab} onChange={go} keepMounted={false}>
            <Tabs.List mb="md">
              <Tabs.Tab value="overview">Overview</Tabs.Tab>
              <Tabs.Tab value="keys">
                <Group gap={6}>Keys {keyCount !== undefined && <span>{keyCount}</span>}</Group>
              </Tabs.Tab>
              <Tabs.Tab value="grants">
                <Group gap={6}>Grants {grantCount !== undefined && <span>{grantCount}</span>}</Group>
              </Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="overview">{agent.data && <AgentOverview agent={agent.data} kill={kill} />}</Tabs.Panel>
            <Tabs.Panel value="keys">{agent.data && <KeysSection agent={agent.data} />}</Tabs.Panel>
            <Tabs.Panel value="grants">{agent.data && <GrantsSection agent={agent.data} />}</Tabs.Panel>
          </Tabs>
        )
      )}
      <DeleteDialog
        isOpen={isDeleting}
        noun="agent"
        name={name}
        lost={[
          `${count(keyCount ?? 0, "key")}: each stops working within a second`,
          count(grantCount ?? 0, "grant"),
          "what it has asked for and nobody has decided: it is cancelled",
        ]}
        remove={removeAgent}
        meaning="Its keys no longer work."
        onClose={() => setDeleting(false)}
        onLeave={setGone}
        onDeleted={() => void leave()}
      />
    </Page>
  );
}
