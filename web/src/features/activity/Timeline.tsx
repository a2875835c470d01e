import { Skeleton } from "@mantine/core";
import { IconCheck, IconHourglass, IconPoint, IconX } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { ActorName } from "@/components/actor/ActorName";
import { UntrustedText } from "@/ui/BytesText";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import classes from "./activity.module.css";
import type { Step, Tone } from "./timeline";

const MARKS: Record<Tone, typeof IconCheck> = {
  good: IconCheck,
  bad: IconX,
  waiting: IconHourglass,
  plain: IconPoint,
};

/** What comes next, in words; nothing where it has ended. */
function next(action: Schemas["ActionView"]): string | undefined {
  if (action.state === "pending") {
    const missing = action.quorum - action.votes.length;
    return missing > 1 ? `Waits for ${missing} operators to decide` : "Waits for an operator to decide";
  }
  if (action.state === "approved") return "Waits for the agent to carry it out";
  if (action.state === "executing") return "The target is at work";
  if (action.state === "unknown") return "Nobody knows whether it took effect: find out, then settle it";
  return undefined;
}

export interface TimelineProps {
  steps: readonly Step[] | undefined;
  error: unknown;
  action: Schemas["ActionView"];
}

/** What happened, in order, with who did it. */
export function Timeline({ steps, error, action }: TimelineProps) {
  const waits = next(action);
  return (
    <Section title="Timeline" isFramed>
      {error && !steps ? <ErrorNotice error={error} /> : null}
      {!steps && !error && <Skeleton height={80} />}
      {steps && (
        <ol className={classes.steps}>
          {steps.map((step) => {
            const Mark = MARKS[step.tone];
            return (
              <li key={step.key} className={classes.step}>
                <span className={classes.mark} data-tone={step.tone} aria-hidden>
                  <Mark size={13} stroke={2.4} />
                </span>
                <div>{step.title}</div>
                <div className={classes.under}>
                  <Time value={step.at} /> by <ActorName actor={step.actor} />
                </div>
                {step.note && (
                  <div className={classes.note}>
                    <UntrustedText value={step.note} />
                  </div>
                )}
              </li>
            );
          })}
          {waits && (
            <li className={classes.step}>
              <span className={classes.mark} data-tone="waiting" aria-hidden>
                <IconHourglass size={13} stroke={2.4} />
              </span>
              <div>{waits}</div>
              {action.deadline && (
                <div className={classes.under}>
                  ends by itself <Time value={action.deadline} />
                </div>
              )}
            </li>
          )}
        </ol>
      )}
    </Section>
  );
}
