import { Link } from "@tanstack/react-router";
import { ActorName } from "@/components/actor/ActorName";
import { useNames } from "@/components/actor/names";
import { shortOutcome } from "@/features/activity/timeline";
import { titleOf } from "@/ui/BytesTokens";
import type { Column } from "@/ui/DataTable";
import { LightTime } from "@/ui/Time";
import { Untrusted } from "@/ui/Untrusted";
import { VerdictWord } from "@/ui/Words";
import { type Entry, subjectWords } from "./entries";
import { kindWords } from "./kinds";
import classes from "./ledger.module.css";

const number = new Intl.NumberFormat("en");

/** What an entry is about: its action, or its subject. */
function About({ entry }: { entry: Entry }) {
  const names = useNames();
  const subject = entry.subject ? subjectWords(names, entry.subject) : "";
  return (
    <span title={entry.subject ? titleOf(entry.subject) : undefined}>
      <Untrusted text={subject} />
      {entry.action_id && (
        <>
          {subject && ", "}
          <Link to="/dashboard/activity/$id" params={{ id: entry.action_id }} className={classes.link}>
            action …{entry.action_id.slice(-8)}
          </Link>
        </>
      )}
    </span>
  );
}

const POSITION: Column<Entry> = {
  name: "Position",
  width: "76px",
  cell: (entry) => <span className={classes.number}>{number.format(entry.position)}</span>,
};
const TIME: Column<Entry> = { name: "Time", width: "92px", cell: (entry) => <LightTime value={entry.at} /> };

/** What a list shows of an entry. */
export const entryColumns: readonly Column<Entry>[] = [
  POSITION,
  TIME,
  {
    name: "What happened",
    width: "minmax(150px, 3fr)",
    cell: (entry) => <span title={entry.kind}>{kindWords(entry.kind)}</span>,
  },
  {
    name: "Actor",
    width: "minmax(100px, 2fr)",
    cell: (entry) => <ActorName actor={entry.actor} name={entry.actor_name} />,
    isMinor: true,
  },
  { name: "About", width: "minmax(120px, 3fr)", cell: (entry) => <About entry={entry} />, isMinor: true },
  {
    name: "Verdict",
    width: "76px",
    cell: (entry) => (entry.verdict ? <VerdictWord verdict={entry.verdict} /> : null),
    isMinor: true,
  },
  {
    name: "Outcome",
    width: "minmax(80px, 1.4fr)",
    cell: (entry) => (entry.outcome ? <Untrusted text={shortOutcome(entry.outcome)} /> : null),
    isMinor: true,
  },
];

/** The height of a row on a phone, where who it was and how it ended stand below what happened. */
export const NARROW_ROW_HEIGHT = 58;

/** The same on a phone. */
export const narrowEntryColumns: readonly Column<Entry>[] = [
  { ...POSITION, width: "56px" },
  { ...TIME, width: "84px" },
  {
    name: "What happened",
    width: "minmax(0, 1fr)",
    cell: (entry) => (
      <span title={entry.kind}>
        {kindWords(entry.kind)}
        <span className={classes.second}>
          <ActorName actor={entry.actor} name={entry.actor_name} />
          {entry.outcome && (
            <>
              , <Untrusted text={shortOutcome(entry.outcome)} />
            </>
          )}
        </span>
      </span>
    ),
  },
];
