import { textOf } from "@/features/activity/search";

/** What the address of the Ledger says. */
export interface LedgerSearch {
  tab?: "checkpoints" | undefined;
  /** The beginning of the kind. */
  kind?: string | undefined;
  /** `agent:ID`, `operator:ID`, `system`. */
  actor?: string | undefined;
  /** The id of an action. */
  action?: string | undefined;
  /** The first and the last position. */
  from?: number | undefined;
  to?: number | undefined;
  /** Which end of the list comes first. */
  order?: "newest" | "oldest" | undefined;
  since?: string | undefined;
  until?: string | undefined;
  /** The entry that is open. */
  entry?: number | undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ACTOR = /^(system|anonymous|(agent|operator|key):[0-9a-f-]{36})$/i;

function positionOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function timeOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined;
}

/** A text if it has the right form. */
function formed(value: unknown, form: RegExp): string | undefined {
  const text = textOf(value);
  return text && form.test(text) ? text : undefined;
}

export function parseLedgerSearch(search: Record<string, unknown>): LedgerSearch {
  return {
    tab: search.tab === "checkpoints" ? "checkpoints" : undefined,
    kind: formed(search.kind, /^[a-z_.]+$/),
    actor: formed(search.actor, ACTOR),
    action: formed(search.action, UUID),
    from: positionOf(search.from),
    to: positionOf(search.to),
    order: search.order === "newest" || search.order === "oldest" ? search.order : undefined,
    since: timeOf(search.since),
    until: timeOf(search.until),
    entry: positionOf(search.entry),
  };
}

/** What narrows the list, without what is open. */
export function filtersOf(search: LedgerSearch): LedgerSearch {
  const { tab: _tab, entry: _entry, ...filters } = search;
  return filters;
}

/** How many filters are set. */
export function countLedgerFilters(search: LedgerSearch): number {
  const { from, to, since, until, order: _order, ...rest } = filtersOf(search);
  const single = Object.values(rest).filter((value) => value !== undefined).length;
  return single + (from !== undefined || to !== undefined ? 1 : 0) + (since || until ? 1 : 0);
}
