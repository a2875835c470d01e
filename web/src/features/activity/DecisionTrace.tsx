import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { UntrustedText } from "@/ui/BytesText";
import { Section } from "@/ui/Section";
import { VerdictWord } from "@/ui/Words";
import classes from "./activity.module.css";
import { RuleWords } from "./RuleWords";

interface Judged {
  facts?: { tainted?: boolean };
}

/** Every voice that spoke when it was decided whether the action may run. The strictest counts. */
export function DecisionTrace({ action }: { action: Schemas["ActionDetail"] }) {
  const { trace } = action;
  if (!trace) {
    return (
      <Section title="Decision" isFramed>
        <Text size="sm" c="dimmed">
          What was said is no longer kept: the evidence of this action was deleted. The verdict stands in the ledger.
        </Text>
      </Section>
    );
  }
  const facts = (action.judged as Judged | null | undefined)?.facts;
  return (
    <Section title="Decision" isFramed>
      <ol className={classes.voices}>
        {trace.voices.map((voice, index) => (
          <li key={`${voice.speaker} ${voice.id ?? index}`} className={classes.voice}>
            <VerdictWord verdict={voice.verdict} />
            <span>
              <RuleWords voice={voice} agent={action.agent} />
              {voice.has_decided && <b> · decided</b>}
            </span>
            <p className={classes.under}>
              <UntrustedText value={voice.reason} />
            </p>
          </li>
        ))}
      </ol>
      <Text size="xs" c="dimmed">
        The strictest voice counts. Configuration epoch {trace.policy_version}
        {trace.satisfied_by && ". A standing approval answered"}
        {facts?.tainted === true && ". The agent had read untrusted content before"}.
      </Text>
    </Section>
  );
}
