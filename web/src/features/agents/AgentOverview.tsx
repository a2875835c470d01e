import { Stack, Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
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
import { EditAgentDialog } from "./EditAgentDialog";
import type { Agent } from "./queries";
import { RecentActions } from "./RecentActions";

/** What an agent is, and what it did last. */
export function AgentOverview({ agent, kill }: { agent: Agent; kill: Kill | undefined }) {
  const [isEditing, setEditing] = useState(false);
  const why = whyNot(useMe(), "configure");
  const by = useActorName(kill?.by);
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
            ["Id", <Id key="id" value={agent.id} />],
          ]}
        />
      </Section>
      <RecentActions filter={{ agent: agent.name }} />
      <EditAgentDialog agent={agent} isOpen={isEditing} onClose={() => setEditing(false)} />
    </Stack>
  );
}
