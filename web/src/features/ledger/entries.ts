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

/** Whether the list goes from old to new: where it begins at a position. */
export function isAscending(search: LedgerSearch): boolean {
  return (search.from ?? 0) > 0;
}

/** The API's parameters of a page. It takes one end of a range: the other is cut here (`cutPage`). */
export function entryParameters(search: LedgerSearch, cursor: string | undefined, limit: number) {
  const ends = isAscending(search)
    ? { after: (search.from ?? 1) - 1 }
    : search.to === undefined
      ? {}
      : { before: search.to + 1 };
  return {
    ...ends,
    kind: search.kind,
    actor: search.actor,
    action_id: search.action,
    since: search.since,
    until: search.until,
    cursor: cursor === undefined ? undefined : Number(cursor),
    limit,
  };
}

/** Ends an ascending list at the last position that is wanted. */
export function cutPage(page: EntryPage, search: LedgerSearch): EntryPage {
  const { to } = search;
  if (!isAscending(search) || to === undefined) return page;
  const items = page.items.filter((entry) => entry.position <= to);
  return items.length < page.items.length ? { items, next: null } : page;
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
  if (rest) return `${kind} ${rest}`;
  // Dots of ASCII: what is shown as untrusted marks an ellipsis as what looks like three of them.
  return `${kind} ${names[reference] ?? `...${reference.slice(-8)}`}`;
}
