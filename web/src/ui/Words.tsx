/** The one look of verdicts, states, effects and urgencies: an icon, a word and a colour, never the colour alone. */
import {
  type Icon,
  IconAlertOctagon,
  IconBan,
  IconCircleCheck,
  IconClockHour4,
  IconEye,
  IconFlame,
  IconHelpCircle,
  IconHourglass,
  IconLoader,
  IconPencil,
  IconPlayerStop,
  IconRefreshAlert,
  IconSend,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import { memo } from "react";
import classes from "./Words.module.css";

interface Look {
  icon: Icon;
  color: string;
}

const UNKNOWN: Look = { icon: IconHelpCircle, color: "gray" };

const VERDICTS: Record<string, Look> = {
  allow: { icon: IconCircleCheck, color: "teal" },
  ask: { icon: IconHourglass, color: "yellow" },
  deny: { icon: IconBan, color: "red" },
  by_policy: { icon: IconHelpCircle, color: "ink" },
};

const STATES: Record<string, Look> = {
  pending: { icon: IconHourglass, color: "yellow" },
  approved: { icon: IconCircleCheck, color: "ink" },
  denied: { icon: IconBan, color: "red" },
  expired: { icon: IconClockHour4, color: "gray" },
  stale: { icon: IconRefreshAlert, color: "orange" },
  revoked: { icon: IconPlayerStop, color: "red" },
  cancelled: { icon: IconX, color: "gray" },
  executing: { icon: IconLoader, color: "ink" },
  succeeded: { icon: IconCircleCheck, color: "teal" },
  failed: { icon: IconAlertOctagon, color: "red" },
  unknown: { icon: IconHelpCircle, color: "grape" },
};

const EFFECTS: Record<string, Look> = {
  read: { icon: IconEye, color: "gray" },
  write: { icon: IconPencil, color: "ink" },
  destructive: { icon: IconTrash, color: "red" },
  egress: { icon: IconSend, color: "orange" },
};

const URGENCIES: Record<string, Look> = {
  low: { icon: IconClockHour4, color: "gray" },
  normal: { icon: IconClockHour4, color: "gray" },
  high: { icon: IconFlame, color: "orange" },
  critical: { icon: IconFlame, color: "red" },
};

const Word = memo(function Word({ word, looks }: { word: string; looks: Record<string, Look> }) {
  const { icon: Picture, color } = looks[word] ?? UNKNOWN;
  return (
    <span className={classes.word} data-color={color} data-word={word}>
      <Picture size={13} stroke={2} aria-hidden />
      {word.replaceAll("_", " ")}
    </span>
  );
});

export const VerdictWord = ({ verdict }: { verdict: string }) => <Word word={verdict} looks={VERDICTS} />;
export const StateWord = ({ state }: { state: string }) => <Word word={state} looks={STATES} />;
export const EffectWord = ({ effect }: { effect: string }) => <Word word={effect} looks={EFFECTS} />;
export const UrgencyWord = ({ urgency }: { urgency: string }) => <Word word={urgency} looks={URGENCIES} />;
