import { Anchor, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { Actor } from "@/components/actor/Actor";
import { UntrustedText } from "@/ui/BytesText";
import { type Fact, Facts } from "@/ui/Facts";
import { Copy, Id } from "@/ui/Id";
import { RiskMeter } from "@/ui/RiskMeter";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { EffectWord, StateWord, UrgencyWord, VerdictWord } from "@/ui/Words";
import { RuleWords, voiceOf } from "./RuleWords";
import { outcomeWords } from "./timeline";

const HASH_SHOWN = 16;

/** Until when what. */
function deadlineName(state: string): string {
  return state === "approved" ? "To be carried out" : "To be decided";
}

/** A hash, short, with a button that copies it whole. */
function Hash({ value, name }: { value: string; name: string }) {
  return (
    <Group gap={2} wrap="nowrap">
      <code title={value} style={{ fontSize: "0.85em" }}>
        {value.slice(0, HASH_SHOWN)}…
      </code>
      <Copy value={value} label={`Copy the ${name} hash`} />
    </Group>
  );
}

export function ActionSummary({ action }: { action: Schemas["ActionDetail"] }) {
  const maker = action.trace?.voices.find((voice) => voice.has_decided) ?? voiceOf(action.rule);
  const isLive = action.state === "pending" || action.state === "approved";
  const facts: Fact[] = [
    [
      "State",
      <Group gap="xs" key="state">
        <StateWord state={action.state} />
        <span>
          since <Time value={action.changed_at} />
          {action.outcome && `: ${outcomeWords(action.outcome)}`}
        </span>
      </Group>,
    ],
    [
      "Who",
      <span key="who">
        <Anchor component={Link} to="/dashboard/agents/$name" params={{ name: action.agent } as never} size="sm">
          <UntrustedText value={action.agent} />
        </Anchor>
        {action.requester?.kind === "operator" && (
          <>
            , asked by <Actor actor={action.requester} />
          </>
        )}
      </span>,
    ],
    [
      "What",
      <Group gap="xs" key="what">
        <UntrustedText value={action.action} isCode />
        <EffectWord effect={action.effect} />
        <UrgencyWord urgency={action.urgency} />
      </Group>,
    ],
    [
      "Where",
      <Anchor
        key="where"
        component={Link}
        to="/dashboard/targets/$name"
        params={{ name: action.target } as never}
        size="sm"
      >
        <UntrustedText value={action.target} />
        {action.profile && action.profile !== "default" && (
          <>
            {" / "}
            <UntrustedText value={action.profile} />
          </>
        )}
      </Anchor>,
    ],
    ["Why, says the agent", action.intent ? <UntrustedText key="why" value={action.intent} /> : "no reason given"],
    [
      "Verdict",
      <Group gap="xs" key="verdict">
        <VerdictWord verdict={action.verdict} />
        <UntrustedText value={action.reason} />
      </Group>,
    ],
    ["By", <RuleWords key="rule" voice={maker} agent={action.agent} />],
    [
      "Risk",
      <Group gap="xs" key="risk">
        <RiskMeter score={action.risk_score} hasWord />
        <span className="cs-muted">
          <UntrustedText value={action.risk_reasons.join("; ")} />
        </span>
      </Group>,
    ],
    action.quorum > 1 && ["Approvals needed", `${action.quorum} operators`],
    ["Asked", <Time key="asked" value={action.created_at} />],
    isLive && action.deadline
      ? [deadlineName(action.state), <Time key="deadline" value={action.deadline} />]
      : undefined,
    ["Id", <Id key="id" value={action.id} label="the action's id" shown={36} />],
    ["Payload hash", <Hash key="payload" value={action.payload_hash} name="payload's" />],
    action.context_hash
      ? ["Context hash", <Hash key="context" value={action.context_hash} name="context's" />]
      : undefined,
  ];
  return (
    <Section title="Summary" isFramed>
      <Facts facts={facts} isPlain />
    </Section>
  );
}
