/** Pages of ledger entries and what the live stream adds to them. Pure functions. */
import type { Schemas } from "@/api/client";
import type { LedgerSearch } from "./search";

export type Entry = Schemas["EntryView"];

export interface EntryPage {
  items: Entry[];
  next?: string | null;
}

export interface EntryPages {
  pages: EntryPage[];
  pageParams: unknown[];
}

/** Whether the list goes from old to new: as it says, or else where it begins at a position. */
export function isAscending(search: LedgerSearch): boolean {
  return search.order ? search.order === "oldest" : search.from !== undefined;
}

/** The API's parameters of a page. Both ends of its range are exclusive. */
export function entryParameters(search: LedgerSearch, cursor: string | undefined, limit: number) {
  return {
    order: isAscending(search) ? "oldest" : "newest",
    // Nothing lies before position 0.
    after: search.from ? search.from - 1 : undefined,
    before: search.to === undefined ? undefined : search.to + 1,
    kind: search.kind,
    actor: search.actor,
    action_id: search.action,
    since: search.since,
    until: search.until,
    cursor: cursor === undefined ? undefined : Number(cursor),
    limit,
  };
}

/** Whether an entry belongs into the list. */
export function fits(entry: Entry, search: LedgerSearch): boolean {
  const at = Date.parse(entry.at);
  return (
    (!search.kind || entry.kind.startsWith(search.kind)) &&
    (!search.actor || entry.actor === search.actor) &&
    (!search.action || entry.action_id === search.action) &&
    (search.from === undefined || entry.position >= search.from) &&
    (search.to === undefined || entry.position <= search.to) &&
    (!search.since || at >= Date.parse(search.since)) &&
    (!search.until || at < Date.parse(search.until))
  );
}

/** Puts new entries before the others, each once. */
export function prependEntries(pages: EntryPages, entries: readonly Entry[]): EntryPages {
  const newest = pages.pages[0]?.items[0]?.position ?? -1;
  const byPosition = new Map(
    entries.filter((entry) => entry.position > newest).map((entry) => [entry.position, entry]),
  );
  if (byPosition.size === 0) return pages;
  const fresh = [...byPosition.values()].sort((a, b) => b.position - a.position);
  const [first, ...rest] = pages.pages;
  const page = { ...first, items: [...fresh, ...(first?.items ?? [])] };
  return { ...pages, pages: [page, ...rest] };
}

/** What an entry is about: names for ids, and no id where words follow. */
export function subjectWords(names: Record<string, string>, subject: string): string {
  const [, reference, rest] = /^(\w+:[0-9a-f-]{36})\s*(.*)$/s.exec(subject) ?? [];
  if (!reference) return subject;
  const kind = reference.slice(0, reference.indexOf(":"));
  if (rest) {
    const named = rest.replaceAll(
      /\b(\w+):[0-9a-f-]{36}\b/g,
      (other, of) => `${of} ${names[other] ?? `...${other.slice(-8)}`}`,
    );
    return `${kind} ${named}`;
  }
  // Dots of ASCII: what is shown as untrusted marks an ellipsis as what looks like three of them.
  return `${kind} ${names[reference] ?? `...${reference.slice(-8)}`}`;
}
