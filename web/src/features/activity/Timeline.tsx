import { Anchor } from "@mantine/core";
import { IconCheck, IconHourglass, IconPoint, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { Actor } from "@/components/actor/Actor";
import { UntrustedText } from "@/ui/BytesText";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import classes from "./activity.module.css";
import { stepsOf, type Tone, waitsFor } from "./timeline";

const MARKS: Record<Tone, typeof IconCheck> = {
  good: IconCheck,
  bad: IconX,
  waiting: IconHourglass,
  plain: IconPoint,
};

const number = new Intl.NumberFormat("en");

function Mark({ tone }: { tone: Tone }) {
  const Picture = MARKS[tone];
  return (
    <span className={classes.mark} data-tone={tone} aria-hidden>
      <Picture size={13} stroke={2.4} />
    </span>
  );
}

/** What happened, in order, with who did it and the entry that proves it. */
export function Timeline({ action }: { action: Schemas["ActionDetail"] }) {
  const waits = waitsFor(action);
  return (
    <Section title="Timeline" isFramed>
      <ol className={classes.steps}>
        {stepsOf(action.timeline ?? []).map((step) => (
          <li key={step.key} className={classes.step}>
            <Mark tone={step.tone} />
            <div>{step.title}</div>
            <div className={classes.under}>
              <Time value={step.at} /> by <Actor actor={step.actor} />,{" "}
              <Anchor
                component={Link}
                to="/dashboard/ledger"
                search={{ entry: step.position } as never}
                inherit
                aria-label={`Ledger entry ${number.format(step.position)}`}
              >
                entry {number.format(step.position)}
              </Anchor>
            </div>
            {step.note && (
              <div className={classes.note}>
                <UntrustedText value={step.note} />
              </div>
            )}
          </li>
        ))}
        {waits && (
          <li className={classes.step}>
            <Mark tone="waiting" />
            <div>{waits}</div>
            {action.deadline && (
              <div className={classes.under}>
                ends by itself <Time value={action.deadline} />
              </div>
            )}
          </li>
        )}
      </ol>
    </Section>
  );
}
