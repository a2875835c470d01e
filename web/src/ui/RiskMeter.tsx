import classes from "./RiskMeter.module.css";

const LEVELS: [from: number, name: string][] = [
  [0.8, "very high"],
  [0.6, "high"],
  [0.3, "medium"],
  [0, "low"],
];

/** The word for a risk from 0 to 1. */
export function riskLevel(score: number): string {
  return LEVELS.find(([from]) => score >= from)?.[1] ?? "low";
}

/** A risk from 0 to 1 as a bar, a number and, where there is room, a word. */
export function RiskMeter({ score, hasWord = false }: { score: number; hasWord?: boolean }) {
  const level = riskLevel(score);
  return (
    <span className={classes.risk} title={`Risk ${score.toFixed(2)} of 1: ${level}`}>
      <span className={classes.bar} aria-hidden>
        <i data-level={level} style={{ width: `${Math.round(Math.min(1, Math.max(0, score)) * 100)}%` }} />
      </span>
      <span>
        {score.toFixed(2)}
        {hasWord && ` ${level}`}
      </span>
    </span>
  );
}
