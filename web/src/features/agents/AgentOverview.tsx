import { Anchor, Stack, Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useActorName } from "@/components/actor/names";
import type { Kill } from "@/components/kill/useKills";
import { Facts } from "@/ui/Facts";
import { Id } from "@/ui/Id";
import { Labels } from "@/ui/Labels";
import { MayButton } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { SignWord } from "@/ui/Words";
import { EditAgentDialog } from "./EditAgentDialog";
import type { Agent } from "./queries";
import { RecentActions } from "./RecentActions";
import { useTaint } from "./taint";

/** What an agent is, and what it did last. */
export function AgentOverview({ agent, kill }: { agent: Agent; kill: Kill | undefined }) {
  const [isEditing, setEditing] = useState(false);
  const why = whyNot(useMe(), "configure");
  const by = useActorName(kill?.by);
  const taint = useTaint(agent.id);
  return (
    <Stack gap="xl">
      <Section
        title="About"
        actions={
          <MayButton
            why={why}
            variant="default"
            onClick={() => setEditing(true)}
            leftSection={<IconPencil size={16} aria-hidden />}
          >
            Edit
          </MayButton>
        }
      >
        <Facts
          facts={[
            [
              "State",
              kill ? (
                <>
                  Stopped by {by}, <Time value={kill.at} />
                  {kill.reason && `: ${kill.reason}`}
                </>
              ) : (
                "Active: what it asks for is decided by its grants and the rules"
              ),
            ],
            taint && [
              "Taint",
              <span key="taint">
                <SignWord sign="tainted" /> It ends <Time value={new Date(taint.until).toISOString()} />:{" "}
                {taint.action ? (
                  <Anchor
                    size="sm"
                    component={Link}
                    to="/dashboard/activity/$id"
                    params={{ id: taint.action } as never}
                  >
                    an answer that it read
                  </Anchor>
                ) : (
                  "an answer that it read"
                )}{" "}
                held what may turn it. Until then all that it asks for but reads asks a human. Marking the finding as
                wrong does not end it; a restart of the gateway does.
              </span>,
            ],
            [
              "Description",
              agent.description || (
                <Text size="sm" c="dimmed" component="span">
                  None. Say what it is for: it helps whoever decides on its requests.
                </Text>
              ),
            ],
            ["Labels", <Labels key="labels" labels={agent.labels as Record<string, string>} />],
            [
              "Last call",
              agent.last_used_at ? <Time key="last" value={agent.last_used_at} /> : "None of its keys was ever used",
            ],
            ["Created", <Time key="created" value={agent.created_at} />],
            ["Id", <Id key="id" value={agent.id} label="the agent's id" shown={36} />],
          ]}
        />
      </Section>
      <RecentActions filter={{ agent: agent.name }} />
      <EditAgentDialog agent={agent} isOpen={isEditing} onClose={() => setEditing(false)} />
    </Stack>
  );
}
