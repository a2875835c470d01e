import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Time } from "@/ui/Time";
import type { Checkpoint } from "./checkpoints";
import { LastVerification } from "./LastVerification";
import classes from "./ledger.module.css";
import { checkpointsQuery, endsQuery, lastVerificationQuery } from "./queries";

const number = new Intl.NumberFormat("en");
/** Ticks that are closer than this many hundredths of the line are drawn as one. */
const CLOSEST = 0.4;

export interface Stretches {
  /** Hundredths of the line: pruned, under a checkpoint, behind the last one. */
  pruned: number;
  sealed: number;
  open: number;
  /** How many entries each holds. */
  sealedEntries: number;
  openEntries: number;
  ticks: { at: number; size: number }[];
}

/** Where everything stands on a line from the first position ever to the last. */
export function stretchesOf(ends: { first: number; last: number }, checkpoints: readonly Checkpoint[]): Stretches {
  const length = Math.max(1, ends.last + 1);
  const hundredths = (entries: number) => (100 * entries) / length;
  const covered = Math.min(length, Math.max(0, ...checkpoints.map(({ size }) => size)));
  const ticks: Stretches["ticks"] = [];
  for (const { size } of [...checkpoints].sort((a, b) => b.size - a.size)) {
    const at = hundredths(Math.min(size, length));
    const previous = ticks.at(-1);
    if (!previous || previous.at - at >= CLOSEST) ticks.push({ at, size });
  }
  return {
    pruned: hundredths(Math.min(ends.first, length)),
    sealed: hundredths(Math.max(0, covered - ends.first)),
    open: hundredths(length - Math.max(covered, ends.first)),
    sealedEntries: Math.max(0, covered - ends.first),
    openEntries: Math.max(0, ends.last + 1 - Math.max(covered, ends.first)),
    ticks,
  };
}

/** The chain as a line: what was pruned, what checkpoints cover, what came since. */
export function Chain({ end }: { end?: ReactNode }) {
  const ends = useQuery(endsQuery).data;
  const checkpoints = useQuery(checkpointsQuery).data;
  const last = useQuery(lastVerificationQuery).data;
  if (!ends || !checkpoints) return <Skeleton height={64} />;
  const line = stretchesOf(ends, checkpoints);
  const newest = checkpoints[0];
  return (
    <div>
      <div className={classes.chain} aria-hidden>
        <div className={classes.bar}>
          <i className={classes.pruned} style={{ width: `${line.pruned}%` }} />
          <i className={classes.sealed} style={{ width: `${line.sealed}%` }} />
          <i className={classes.open} style={{ width: `${line.open}%` }} />
        </div>
        {line.ticks.map(({ at, size }) => (
          <span
            key={size}
            className={classes.tick}
            style={{ left: `${at}%` }}
            title={`Checkpoint over ${number.format(size)} entries`}
          />
        ))}
      </div>
      <div className={classes.ends} aria-hidden>
        <span>0</span>
        <span>{number.format(Math.max(0, ends.last))}</span>
      </div>
      <div className={classes.legend}>
        {ends.first > 0 && (
          <span>
            <i className={`${classes.swatch} ${classes.pruned}`} aria-hidden />
            {number.format(ends.first)} pruned
          </span>
        )}
        <span>
          <i className={`${classes.swatch} ${classes.sealed}`} aria-hidden />
          {number.format(line.sealedEntries)} under a signed checkpoint
        </span>
        <span>
          <i className={`${classes.swatch} ${classes.open}`} aria-hidden />
          {number.format(line.openEntries)} under none yet
          {newest && (
            <>
              ; the last checkpoint was made <Time value={newest.at} />
            </>
          )}
        </span>
        <span>
          Last verified: <LastVerification found={last} />
        </span>
        {end && <span className={classes.last}>{end}</span>}
      </div>
    </div>
  );
}
