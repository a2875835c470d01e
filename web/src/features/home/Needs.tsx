import { Button } from "@mantine/core";
import {
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleCheck,
  IconHourglass,
  IconInfoCircle,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { UntrustedText } from "@/ui/BytesText";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import type { Need, Tone } from "./attention";
import classes from "./home.module.css";

const PICTURES: Record<Tone, typeof IconInfoCircle> = {
  bad: IconAlertOctagon,
  warn: IconAlertTriangle,
  wait: IconHourglass,
  info: IconInfoCircle,
};

const WORDS: Record<Tone, string> = { bad: "Wrong", warn: "Warning", wait: "Waits", info: "Note" };

/** What needs an operator; says so when nothing does. */
export function Needs({ needs }: { needs: readonly Need[] }) {
  return (
    <Section title="Needs you" isFramed>
      {needs.length === 0 ? (
        <div className={classes.calm}>
          <IconCircleCheck size={28} stroke={1.6} aria-hidden />
          <div>
            <div className={classes.title}>All is well</div>
            <div className={classes.under}>Nothing waits for a decision, nothing is stopped, nothing fails.</div>
          </div>
        </div>
      ) : (
        <ul className={classes.needs}>
          {needs.map((need) => (
            <NeedRow key={need.key} need={need} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function NeedRow({ need }: { need: Need }) {
  const Picture = PICTURES[need.tone];
  return (
    <li className={classes.need}>
      <Picture size={20} stroke={1.8} data-tone={need.tone} aria-label={WORDS[need.tone]} role="img" />
      <div>
        <div className={classes.title}>
          <UntrustedText value={need.title} />
        </div>
        {(need.detail || need.at) && (
          <div className={classes.under}>
            {need.detail && <UntrustedText value={need.detail} />} {need.at && <Time value={need.at} />}
          </div>
        )}
      </div>
      <Button
        component={Link}
        to={need.to}
        search={(need.search ?? {}) as never}
        size="compact-sm"
        variant={need.tone === "wait" ? "filled" : "default"}
        aria-label={`${need.verb}: ${need.title}`}
      >
        {need.verb}
      </Button>
    </li>
  );
}
