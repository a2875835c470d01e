import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Section } from "@/ui/Section";
import { VerdictWord } from "@/ui/Words";
import classes from "./activity.module.css";
import { RuleWords } from "./RuleWords";
import type { Judgement } from "./trace";

export interface DecisionTraceProps {
  judgement: Judgement | undefined;
  action: Schemas["ActionView"];
}

/** Every voice that spoke when it was decided whether the action may run. The strictest counts. */
export function DecisionTrace({ judgement, action }: DecisionTraceProps) {
  if (!judgement) {
    return (
      <Section title="Decision" isFramed>
        <Text size="sm" c="dimmed">
          What was said is no longer kept: the evidence of this action was deleted. The verdict stands in the ledger.
        </Text>
      </Section>
    );
  }
  return (
    <Section title="Decision" isFramed>
      <ol className={classes.voices}>
        {judgement.voices.map((voice, index) => (
          <li key={`${voice.speaker.kind} ${voice.speaker.id ?? index}`} className={classes.voice}>
            <VerdictWord verdict={voice.verdict} />
            <span>
              <RuleWords kind={voice.speaker.kind} id={voice.speaker.id} agent={action.agent} target={action.target} />
              {index === judgement.maker && <b> · decided</b>}
            </span>
            <p className={classes.under}>{voice.reason}</p>
          </li>
        ))}
      </ol>
      <Text size="xs" c="dimmed" mt="sm">
        The strictest voice counts. Configuration epoch {judgement.policyVersion}
        {judgement.isTainted && ". The agent had read untrusted content before"}
        {judgement.findings.length > 0 && `. Findings of the scan: ${judgement.findings.length}`}.
      </Text>
    </Section>
  );
}
