import { Sign } from "@/components/approval/Sign";
import { titleOf } from "@/ui/BytesTokens";
import type { Column } from "@/ui/DataTable";
import { RiskMeter } from "@/ui/RiskMeter";
import { LightTime } from "@/ui/Time";
import { Untrusted } from "@/ui/Untrusted";
import { EffectWord, StateWord, VerdictWord } from "@/ui/Words";
import classes from "./activity.module.css";
import type { ActionView } from "./rows";

/** What a list shows of an action. Made once: a row is drawn again only when the action changes. */
export const columns: readonly Column<ActionView>[] = [
  { name: "Time", width: "92px", cell: (row) => <LightTime value={row.created_at} /> },
  { name: "Agent", width: "minmax(90px, 1fr)", cell: (row) => <Untrusted text={row.agent} />, isMinor: true },
  {
    name: "Action",
    width: "minmax(120px, 3fr)",
    cell: (row) => (
      <span title={titleOf(row.action)}>
        <code className={classes.action}>
          <Untrusted text={row.action} />
        </code>{" "}
        <Sign rule={row.rule} />
        {row.intent && (
          <>
            {/* Read out, the two are two words. */}{" "}
            <span className={classes.intent}>
              <Untrusted text={row.intent} />
            </span>
          </>
        )}
      </span>
    ),
  },
  { name: "Target", width: "minmax(80px, 1fr)", cell: (row) => <Untrusted text={row.target} />, isMinor: true },
  { name: "Effect", width: "104px", cell: (row) => <EffectWord effect={row.effect} />, isMinor: true },
  { name: "Verdict", width: "76px", cell: (row) => <VerdictWord verdict={row.verdict} />, isMinor: true },
  { name: "State", width: "104px", cell: (row) => <StateWord state={row.state} /> },
  { name: "Risk", width: "84px", cell: (row) => <RiskMeter score={row.risk_score} />, isMinor: true },
];

/** The height of a row on a phone, where an action takes three lines. */
export const NARROW_ROW_HEIGHT = 80;

/** The same on a phone. */
export const narrowColumns: readonly Column<ActionView>[] = [
  {
    name: "Action",
    width: "minmax(0, 1fr)",
    cell: (row) => (
      <span title={titleOf(row.action)}>
        <code className={classes.action}>
          <Untrusted text={row.action} />
        </code>{" "}
        <Sign rule={row.rule} />
        <span className={classes.second}>
          <Untrusted text={row.agent} /> on <Untrusted text={row.target} />
          {row.intent && (
            <>
              : <Untrusted text={row.intent} />
            </>
          )}
        </span>
        <span className={classes.second}>
          <LightTime value={row.created_at} />
        </span>
      </span>
    ),
  },
  {
    name: "State, risk",
    width: "96px",
    cell: (row) => (
      <>
        <StateWord state={row.state} />
        <span className={classes.second}>
          <RiskMeter score={row.risk_score} />
        </span>
      </>
    ),
  },
];
