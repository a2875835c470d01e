import type { VerdictCounts } from "./summary";

const HOUR_MS = 3_600_000;
export const HOURS = 24;

export interface Bar extends VerdictCounts {
  /** When the hour begins, in milliseconds. */
  at: number;
  total: number;
}

/** The last 24 hours, each with its counts; hours without any are there, too. */
export function barsOf(hours: readonly ({ begins_at: string } & VerdictCounts)[], now: number): Bar[] {
  const current = Math.floor(now / HOUR_MS) * HOUR_MS;
  const known = new Map(hours.map((hour) => [Date.parse(hour.begins_at), hour]));
  return Array.from({ length: HOURS }, (_, index) => {
    const at = current - (HOURS - 1 - index) * HOUR_MS;
    const { allow = 0, ask = 0, deny = 0 } = known.get(at) ?? {};
    return { at, allow, ask, deny, total: allow + ask + deny };
  });
}
