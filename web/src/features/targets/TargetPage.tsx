import { Group, Tabs } from "@mantine/core";
import { IconPlugConnected, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useKillOf } from "@/components/kill/useKills";
import { KillButton } from "@/features/agents/KillButton";
import { KillWord } from "@/features/agents/KillWord";
import { RecentActions } from "@/features/agents/RecentActions";
import { useConfigurationLive } from "@/features/agents/useConfigurationLive";
import { CredentialsSection } from "@/features/credentials/CredentialsSection";
import { credentialsQuery } from "@/features/credentials/queries";
import { grantsQuery } from "@/features/grants/queries";
import { BackLink } from "@/ui/BackLink";
import { count } from "@/ui/count";
import { DeleteDialog } from "@/ui/DeleteDialog";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { MayButton } from "@/ui/MayButton";
import { Page } from "@/ui/Page";
import { ActionsTab } from "./ActionsTab";
import { useTest } from "./connectionTest";
import { ProfilesSection } from "./ProfilesSection";
import { profilesQuery, removeTarget, targetQuery } from "./queries";
import { TargetOverview } from "./TargetOverview";

const TABS = [
  ["overview", "Overview"],
  ["credentials", "Credentials"],
  ["profiles", "Profiles"],
  ["actions", "Actions and grants"],
  ["traffic", "Traffic"],
] as const;

/** One target: where it lies, its credentials, profiles, actions. The tab is in the address. */
export function TargetPage() {
  // What is deleted is asked for no more, by no part of its page, though the ledger tells of it before the page is left.
  const [isGone, setGone] = useState(false);
  useConfigurationLive({ isPaused: isGone });
  const client = useQueryClient();
  const { name = "", tab = "overview" } = useParams({ strict: false });
  const navigate = useNavigate();
  const target = useQuery({ ...targetQuery(name), enabled: !isGone });
  const profiles = useQuery({ ...profilesQuery(name), enabled: name !== "" && !isGone }).data;
  const credentials = useQuery(credentialsQuery).data?.filter((credential) => credential.target === name);
  const grants = useQuery(grantsQuery).data?.filter((grant) => grant.target === target.data?.id);
  const kill = useKillOf("target", target.data?.id);
  const test = useTest(name);
  const why = whyNot(useMe(), "configure");
  const [isDeleting, setDeleting] = useState(false);
  const go = (to: string | null) =>
    void navigate({ to: "/dashboard/targets/$name/$tab", params: { name, tab: to ?? "overview" } });
  const counts: Record<string, number | undefined> = {
    credentials: credentials?.length,
    profiles: profiles?.length,
    actions: grants?.length,
  };
  const leave = async () => {
    await navigate({ to: "/dashboard/targets" });
    client.removeQueries({ queryKey: ["targets", "one", name] });
    client.removeQueries({ queryKey: ["targets", "profiles", name] });
    for (const list of ["targets", "credentials", "grants"]) void client.invalidateQueries({ queryKey: [list] });
  };

  return (
    <Page
      title={name}
      description={<BackLink to="/dashboard/targets">All targets</BackLink>}
      actions={
        target.data && (
          <>
            <KillWord kill={kill} />
            <MayButton
              why={why}
              variant="default"
              loading={test.isPending}
              onClick={() => {
                test.mutate();
                if (tab !== "overview") go("overview");
              }}
              leftSection={<IconPlugConnected size={16} aria-hidden />}
            >
              Test connection
            </MayButton>
            <KillButton scope="target" name={name} kill={kill} />
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
      {target.error && (!target.data || asProblem(target.error).status === 404) ? (
        <ErrorNotice error={target.error} onRetry={() => void target.refetch()} />
      ) : (
        !isGone && (
          <Tabs value={tab} onChange={go} keepMounted={false}>
            <Tabs.List mb="md">
              {TABS.map(([value, label]) => (
                <Tabs.Tab key={value} value={value}>
                  <Group gap={6}>
                    {label} {counts[value] !== undefined && <span>{counts[value]}</span>}
                  </Group>
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="overview">
              {target.data && <TargetOverview target={target.data} kill={kill} />}
            </Tabs.Panel>
            <Tabs.Panel value="credentials">{target.data && <CredentialsSection target={target.data} />}</Tabs.Panel>
            <Tabs.Panel value="profiles">{target.data && <ProfilesSection target={target.data} />}</Tabs.Panel>
            <Tabs.Panel value="actions">{target.data && <ActionsTab target={target.data} />}</Tabs.Panel>
            <Tabs.Panel value="traffic">{target.data && <RecentActions filter={{ target: name }} />}</Tabs.Panel>
          </Tabs>
        )
      )}
      <DeleteDialog
        isOpen={isDeleting}
        noun="target"
        name={name}
        lost={[
          `${count(credentials?.length ?? 0, "credential")}: nobody can read it back`,
          count(profiles?.length ?? 0, "profile"),
          `${count(grants?.length ?? 0, "grant")} of agents on it`,
          "what runs on it is stopped, what waits for a decision is taken back",
        ]}
        remove={removeTarget}
        meaning="No agent reaches it through the gateway any more."
        onClose={() => setDeleting(false)}
        onLeave={setGone}
        onDeleted={() => void leave()}
      />
    </Page>
  );
}
