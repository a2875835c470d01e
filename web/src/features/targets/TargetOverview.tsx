import { Stack } from "@mantine/core";
import { IconAlertTriangle, IconPencil, IconShieldCheck } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useActorName } from "@/components/actor/names";
import type { Kill } from "@/components/kill/useKills";
import { Facts } from "@/ui/Facts";
import { Id } from "@/ui/Id";
import { Labels } from "@/ui/Labels";
import { Mark } from "@/ui/Mark";
import { MayButton } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { propertiesOf, titleOf } from "@/ui/schema/schema";
import { Time } from "@/ui/Time";
import { useLastTest } from "./connectionTest";
import { EditTargetDialog } from "./EditTargetDialog";
import { type Target, useConnector } from "./queries";
import { LIMITS } from "./TargetFields";
import { TestNotice } from "./TestNotice";

function PrivateNetwork({ isAllowed }: { isAllowed: boolean }) {
  return isAllowed ? (
    <Mark icon={IconAlertTriangle} color="orange">
      allowed
    </Mark>
  ) : (
    <Mark icon={IconShieldCheck} color="teal">
      closed
    </Mark>
  );
}

function shown(value: unknown): ReactNode {
  if (value === undefined || value === null) return "–";
  return <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>;
}

/** Where a target lies and what bounds the calls to it. */
export function TargetOverview({ target, kill }: { target: Target; kill: Kill | undefined }) {
  const [isEditing, setEditing] = useState(false);
  const why = whyNot(useMe(), "configure");
  const connector = useConnector(target.connector);
  const test = useLastTest(target.name);
  const by = useActorName(kill?.by);
  const configured = connector
    ? propertiesOf(connector.target_schema).map(
        ([name, schema]) => [titleOf(name, schema), target.config[name]] as const,
      )
    : Object.entries(target.config);
  return (
    <Stack gap="xl">
      {test && <TestNotice test={test} />}
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
                "Active: agents reach it as far as their grants go"
              ),
            ],
            ["Connector", connector ? `${connector.name}: ${connector.summary}` : target.connector],
            ...configured.map(([name, value]) => [name, shown(value)] as const),
            ["Private network", <PrivateNetwork key="private" isAllowed={target.allow_private_network} />],
            [
              "Risk threshold",
              target.risk_threshold === null || target.risk_threshold === undefined
                ? "None: risk alone asks nobody"
                : `${target.risk_threshold}: from this risk on a human is asked`,
            ],
            ["Labels", <Labels key="labels" labels={target.labels as Record<string, string>} />],
            [
              "Secrets in replies",
              target.limits.redact_secrets ? "Masked before the agent gets them" : "Passed on as they are",
            ],
            [
              "Revision",
              `${target.revision}; ${target.approval_revision} of what an approval is bound to: a change of that makes approvals stale`,
            ],
            ["Created", <Time key="created" value={target.created_at} />],
            ["Id", <Id key="id" value={target.id} label="the target's id" shown={36} />],
          ]}
        />
      </Section>
      <Section title="Limits of one call">
        <Facts facts={LIMITS.map(({ name, label, words }) => [label, words(target.limits[name])] as const)} />
      </Section>
      {connector && (
        <EditTargetDialog target={target} connector={connector} isOpen={isEditing} onClose={() => setEditing(false)} />
      )}
    </Stack>
  );
}
