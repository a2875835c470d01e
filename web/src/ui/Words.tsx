/** The one look of verdicts, states, effects and urgencies: an icon, a word and a colour, never the colour alone. */
import { memo } from "react";
import { PICTURES, type Picture } from "./pictures";
import classes from "./Words.module.css";

interface Look {
  icon: Picture;
  color: string;
}

const UNKNOWN: Look = { icon: "helpCircle", color: "gray" };

const VERDICTS: Record<string, Look> = {
  allow: { icon: "circleCheck", color: "teal" },
  ask: { icon: "hourglass", color: "yellow" },
  deny: { icon: "ban", color: "red" },
  by_policy: { icon: "helpCircle", color: "ink" },
};

const STATES: Record<string, Look> = {
  pending: { icon: "hourglass", color: "yellow" },
  approved: { icon: "circleCheck", color: "ink" },
  denied: { icon: "ban", color: "red" },
  expired: { icon: "clockHour4", color: "gray" },
  stale: { icon: "refreshAlert", color: "orange" },
  revoked: { icon: "playerStop", color: "red" },
  cancelled: { icon: "x", color: "gray" },
  executing: { icon: "loader", color: "ink" },
  succeeded: { icon: "circleCheck", color: "teal" },
  failed: { icon: "alertOctagon", color: "red" },
  unknown: { icon: "helpCircle", color: "grape" },
};

const EFFECTS: Record<string, Look> = {
  read: { icon: "eye", color: "gray" },
  write: { icon: "pencil", color: "ink" },
  destructive: { icon: "trash", color: "red" },
  egress: { icon: "send", color: "orange" },
};

const URGENCIES: Record<string, Look> = {
  low: { icon: "clockHour4", color: "gray" },
  normal: { icon: "clockHour4", color: "gray" },
  high: { icon: "flame", color: "orange" },
  critical: { icon: "flame", color: "red" },
};

/** What made a decision, where it is more than a grant or a rule. */
const SIGNS: Record<string, Look> = {
  finding: { icon: "alertTriangle", color: "orange" },
  tainted: { icon: "alertTriangle", color: "orange" },
};

const Word = memo(function Word({ word, looks }: { word: string; looks: Record<string, Look> }) {
  const { icon, color } = looks[word] ?? UNKNOWN;
  return (
    <span className={classes.word} data-color={color} data-word={word}>
      <svg width={13} height={13} viewBox="0 0 24 24" className={classes.picture} aria-hidden="true">
        <path d={PICTURES[icon]} />
      </svg>
      {word.replaceAll("_", " ")}
    </span>
  );
});

export const VerdictWord = ({ verdict }: { verdict: string }) => <Word word={verdict} looks={VERDICTS} />;
export const StateWord = ({ state }: { state: string }) => <Word word={state} looks={STATES} />;
export const SignWord = ({ sign }: { sign: string }) => <Word word={sign} looks={SIGNS} />;
export const EffectWord = ({ effect }: { effect: string }) => <Word word={effect} looks={EFFECTS} />;
export const UrgencyWord = ({ urgency }: { urgency: string }) => <Word word={urgency} looks={URGENCIES} />;
