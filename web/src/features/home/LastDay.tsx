import { Link } from "@tanstack/react-router";
import { Section } from "@/ui/Section";
import { useTick } from "@/ui/useNow";
import { VerdictWord } from "@/ui/Words";
import { barsOf, HOURS } from "./bars";
import classes from "./home.module.css";
import type { Summary } from "./summary";

const number = new Intl.NumberFormat("en");
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const VERDICTS = ["allow", "ask", "deny"] as const;
const HOUR_MS = 3_600_000;

const WIDTH = 480;
const HEIGHT = 96;
const STEP = WIDTH / HOURS;
const GAP = 4;

/** What was said in the last 24 hours: counts, and a picture of them by hour. */
export function LastDay({ summary }: { summary: Summary }) {
  const now = useTick((time) => Math.floor(time / HOUR_MS) * HOUR_MS);
  const bars = barsOf(summary.hours, now);
  const most = Math.max(1, ...bars.map(({ total }) => total));
  const { allow, ask, deny } = summary.last_day;
  return (
    <Section title="Last 24 hours" isFramed>
      <div>
        <div className={classes.counts}>
          {VERDICTS.map((verdict) => (
            <Link key={verdict} to="/dashboard/activity" search={{ verdict, since: "24h" }} className={classes.count}>
              <b>{number.format(summary.last_day[verdict])}</b> <VerdictWord verdict={verdict} />
            </Link>
          ))}
          <Link to="/dashboard/activity" search={{ state: "executing" }} className={classes.count}>
            <b>{number.format(summary.running)}</b> <span className={classes.now}>running now</span>
          </Link>
        </div>
        {allow + ask + deny === 0 ? (
          <p className={classes.nothing}>No action in the last 24 hours: the chart has nothing to show.</p>
        ) : (
          <>
            <svg
              className={classes.bars}
              viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
              preserveAspectRatio="none"
              role="img"
              aria-label={`Actions by hour: ${allow} allowed, ${ask} held for a human, ${deny} refused; at most ${most} in an hour`}
            >
              <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className={classes.base} />
              {bars.map((bar, index) => {
                let y = HEIGHT - 1;
                return (
                  <g key={bar.at}>
                    <title>{`${hour.format(bar.at)}: ${bar.allow} allow, ${bar.ask} ask, ${bar.deny} deny`}</title>
                    <rect x={index * STEP} y={0} width={STEP} height={HEIGHT} fill="transparent" />
                    {VERDICTS.map((verdict) => {
                      const height = bar[verdict] === 0 ? 0 : Math.max(2, ((HEIGHT - 6) * bar[verdict]) / most);
                      y -= height;
                      return (
                        <rect
                          key={verdict}
                          x={index * STEP + GAP / 2}
                          y={y}
                          width={STEP - GAP}
                          height={height}
                          className={classes[verdict]}
                        />
                      );
                    })}
                  </g>
                );
              })}
            </svg>
            <div className={classes.axis} aria-hidden>
              <span>24 hours ago</span>
              <span>now</span>
            </div>
          </>
        )}
      </div>
    </Section>
  );
}
