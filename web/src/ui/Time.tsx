import { Tooltip } from "@mantine/core";
import { useNow, useTick } from "./useNow";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
export const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

// Making them takes longer than all else of a row.
const words = new Map<string, string>();
const KEPT = 1_000;

/** `5 min. ago`, `in 2 hr.`: the largest unit that fits. */
export function relativeTime(at: Date, now: number): string {
  const seconds = Math.round((at.getTime() - now) / 1_000);
  if (Math.abs(seconds) < 5) return "now";
  const [unit, size] = UNITS.find(([, unitSize]) => Math.abs(seconds) >= unitSize) ?? ["second", 1];
  const count = Math.trunc(seconds / size);
  const key = `${count} ${unit}`;
  const known = words.get(key);
  if (known !== undefined) return known;
  const made = relative.format(count, unit);
  if (words.size > KEPT) words.clear();
  words.set(key, made);
  return made;
}

/** A time in relation to now, with the exact one on hover and focus. */
export function Time({ value }: { value: string | null | undefined }) {
  const now = useNow();
  if (!value) return <>–</>;
  const at = new Date(value);
  return (
    <Tooltip label={exact.format(at)}>
      <time dateTime={value} style={{ whiteSpace: "nowrap" }}>
        {relativeTime(at, now)}
      </time>
    </Tooltip>
  );
}

/** The same for long lists: the exact time is a native title, and a row is drawn anew only when its words change. */
export function LightTime({ value }: { value: string }) {
  const at = new Date(value);
  const shown = useTick((now) => relativeTime(at, now));
  return (
    <time
      dateTime={value}
      onPointerEnter={({ currentTarget }) => {
        currentTarget.title ||= exact.format(at);
      }}
    >
      {shown}
    </time>
  );
}
