/** What the address of the Activity says: which actions are shown, in which order. */
export interface ActivitySearch {
  /** Words that must all occur. */
  q?: string | undefined;
  agent?: string | undefined;
  target?: string | undefined;
  /** Words separated by commas, as all lists here. */
  state?: string | undefined;
  verdict?: string | undefined;
  effect?: string | undefined;
  urgency?: string | undefined;
  /** The beginning of the action's name, or a pattern with `*`. */
  action?: string | undefined;
  /** `24h` before now, or a point in time. */
  since?: string | undefined;
  until?: string | undefined;
  order?: "oldest" | undefined;
}

export const STATES = [
  "pending",
  "approved",
  "executing",
  "succeeded",
  "failed",
  "unknown",
  "denied",
  "expired",
  "stale",
  "revoked",
  "cancelled",
] as const;
export const VERDICTS = ["allow", "ask", "deny"] as const;
export const EFFECTS = ["read", "write", "destructive", "egress"] as const;
export const URGENCIES = ["low", "normal", "high", "critical"] as const;

const HOUR_MS = 3_600_000;

export const PRESETS: Record<string, { label: string; milliseconds: number }> = {
  "1h": { label: "Last hour", milliseconds: HOUR_MS },
  "24h": { label: "Last 24 hours", milliseconds: 24 * HOUR_MS },
  "7d": { label: "Last 7 days", milliseconds: 7 * 24 * HOUR_MS },
  "30d": { label: "Last 30 days", milliseconds: 30 * 24 * HOUR_MS },
};

/** The longest text that is taken from an address. */
const LONGEST = 300;

/** A text of an address. The router reads `1042` as a number and `true` as a truth value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  return String(value).trim().slice(0, LONGEST) || undefined;
}

/** The words of a list separated by commas. */
export function wordsOf(value: string | undefined): string[] {
  return value ? value.split(",").filter(Boolean) : [];
}

/** Words as a list separated by commas, in the order in which they are known; unknown ones are left out. */
export function listOf(value: unknown, known: readonly string[]): string | undefined {
  const asked = new Set(Array.isArray(value) ? value.map(String) : wordsOf(textOf(value)));
  return known.filter((word) => asked.has(word)).join(",") || undefined;
}

function pointInTime(value: unknown): string | undefined {
  const text = textOf(value);
  if (!text || Number.isNaN(Date.parse(text))) return undefined;
  return new Date(text).toISOString();
}

export function parseActivitySearch(search: Record<string, unknown>): ActivitySearch {
  const since = textOf(search.since);
  return {
    q: textOf(search.q),
    agent: textOf(search.agent),
    target: textOf(search.target),
    state: listOf(search.state, STATES),
    verdict: listOf(search.verdict, VERDICTS),
    effect: listOf(search.effect, EFFECTS),
    urgency: listOf(search.urgency, URGENCIES),
    action: textOf(search.action),
    since: since && since in PRESETS ? since : pointInTime(since),
    until: pointInTime(search.until),
    order: search.order === "oldest" ? "oldest" : undefined,
  };
}

/** How many filters are set. The order is none. */
export function countFilters(search: ActivitySearch): number {
  const { order: _, since, until, ...filters } = search;
  return Object.values(filters).filter((value) => value !== undefined).length + (since || until ? 1 : 0);
}

/** The same as the API's parameters. */
export function toParameters(search: ActivitySearch, now: number) {
  const preset = search.since ? PRESETS[search.since] : undefined;
  const since = preset ? new Date(now - preset.milliseconds).toISOString() : search.since;
  const parameters = { ...search, since };
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)) as ActivitySearch;
}
