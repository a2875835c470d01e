/**
 * The pages of a list, patched while it is looked at. Pure functions; what did not change keeps its identity, so that only changed rows are
 * drawn again.
 */
import type { Schemas } from "@/api/client";
import type { LiveEvent } from "@/api/live";
import { type ActivitySearch, toParameters, wordsOf } from "./search";

export type ActionView = Schemas["ActionView"];

export interface Page {
  items: ActionView[];
  next?: string | null;
}

export interface Pages {
  pages: Page[];
  pageParams: unknown[];
}

/** Whether ids of one list go down: they are made of time, so newest first means largest first. */
type Order = "newest" | "oldest";

const LONGEST_PAGE = 400;

function isBefore(a: string, b: string, order: Order): boolean {
  return order === "newest" ? a > b : a < b;
}

/** The row with this id, if it is loaded. */
export function findRow(pages: Pages, id: string): ActionView | undefined {
  for (const page of pages.pages) {
    const [first, last] = [page.items[0]?.id, page.items.at(-1)?.id];
    if (!first || !last) continue;
    const [low, high] = first < last ? [first, last] : [last, first];
    if (id < low || id > high) continue;
    const row = page.items.find((item) => item.id === id);
    if (row) return row;
  }
  return undefined;
}

/** What a fresh look at the beginning of the list says: rows that are not known, and known ones that changed. */
export function compareRows(pages: Pages, head: readonly ActionView[], order: Order = "newest") {
  const isComplete = !pages.pages.at(-1)?.next;
  const last = pages.pages.at(-1)?.items.at(-1)?.id;
  const fresh: ActionView[] = [];
  const changed: ActionView[] = [];
  for (const row of head) {
    const known = findRow(pages, row.id);
    if (known) {
      if (known.state !== row.state || known.changed_at !== row.changed_at || known.votes.length !== row.votes.length) {
        changed.push(row);
      }
    } else if (isComplete || last === undefined || isBefore(row.id, last, order)) {
      fresh.push(row);
    }
  }
  return { fresh, changed };
}

/** Replaces known rows. */
export function patchRows(pages: Pages, changed: readonly ActionView[]): Pages {
  if (changed.length === 0) return pages;
  const byId = new Map(changed.map((row) => [row.id, row]));
  let hasChanged = false;
  const patched = pages.pages.map((page) => {
    if (!page.items.some((row) => byId.has(row.id))) return page;
    hasChanged = true;
    return { ...page, items: page.items.map((row) => byId.get(row.id) ?? row) };
  });
  return hasChanged ? { ...pages, pages: patched } : pages;
}

/** A page that grew long at the live end is looked through more slowly than two. */
function split(page: Page): Page[] {
  if (page.items.length <= LONGEST_PAGE) return [page];
  const half = Math.floor(page.items.length / 2);
  const rest = split({ ...page, items: page.items.slice(half) });
  return [...split({ items: page.items.slice(0, half), next: page.items[half - 1]?.id ?? null }), ...rest];
}

/** Puts rows where they belong. Those that are there already are replaced. */
export function insertRows(pages: Pages, rows: readonly ActionView[], order: Order = "newest"): Pages {
  const known = rows.filter((row) => findRow(pages, row.id));
  const fresh = rows.filter((row) => !known.includes(row));
  const patched = patchRows(pages, known);
  if (fresh.length === 0) return patched;
  const result = [...patched.pages];
  if (result.length === 0) result.push({ items: [], next: null });
  const byPage = new Map<number, ActionView[]>();
  for (const row of fresh) {
    const at = result.findIndex((page) => {
      const last = page.items.at(-1)?.id;
      return last !== undefined && isBefore(row.id, last, order);
    });
    const index = at < 0 ? result.length - 1 : at;
    byPage.set(index, [...(byPage.get(index) ?? []), row]);
  }
  for (const [index, added] of byPage) {
    const page = result[index] as Page;
    const items = [...page.items, ...added].sort((a, b) => (isBefore(a.id, b.id, order) ? -1 : 1));
    result[index] = { ...page, items };
  }
  const cut = result.flatMap((page) => split(page));
  return { pages: cut, pageParams: cut.map((_, index) => patched.pageParams[index]) };
}

/** A pattern as the gateway takes it: `*` stands for anything, without a star it is a beginning; small and capital letters are the same. */
function isLike(pattern: string, action: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const text = action.toLowerCase();
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (index === 0 ? !text.startsWith(part) : isLast ? !text.slice(at).endsWith(part) : text.indexOf(part, at) < 0) {
      return false;
    }
    at = index === 0 ? part.length : text.indexOf(part, at) + part.length;
  }
  return true;
}

function isListed(row: ActionView, search: ActivitySearch): boolean {
  const { since, until, action, agent, target } = toParameters(search, Date.now());
  const isOneOf = (words: string | undefined, word: string) => !words || wordsOf(words).includes(word);
  const isNamed = (wanted: string | undefined, name: string, id: string) => !wanted || wanted === name || wanted === id;
  const at = Date.parse(row.created_at);
  return (
    isOneOf(search.state, row.state) &&
    isOneOf(search.verdict, row.verdict) &&
    isOneOf(search.effect, row.effect) &&
    isOneOf(search.urgency, row.urgency) &&
    isNamed(agent, row.agent, row.agent_id) &&
    isNamed(target, row.target, row.target_id) &&
    (!action || isLike(action, row.action)) &&
    (!since || at >= Date.parse(since)) &&
    (!until || at < Date.parse(until))
  );
}

/** Whether a row still stands in a state that the list is of: nothing else of an action changes. */
export function isStill(row: Pick<ActionView, "state">, search: ActivitySearch): boolean {
  return !search.state || wordsOf(search.state).includes(row.state);
}

/** Takes rows out that the list is not of any more. */
export function dropRows(pages: Pages, search: ActivitySearch): Pages {
  if (pages.pages.every(({ items }) => items.every((row) => isStill(row, search)))) return pages;
  const left = pages.pages.map((page) => {
    const items = page.items.filter((row) => isStill(row, search));
    return items.length === page.items.length ? page : { ...page, items };
  });
  // A page without rows has no place among the others; what comes behind it is still asked for.
  const kept = left
    .map((page, index) => ({ page, index }))
    .filter(({ page, index }) => page.items.length > 0 || index === 0);
  const next = left.at(-1)?.next ?? null;
  return {
    pages: kept.map(({ page }, index) => (index === kept.length - 1 ? { ...page, next } : page)),
    pageParams: kept.map(({ index }) => pages.pageParams[index]),
  };
}

/** The rows that events tell of, as they stand after the last of them. Words can only be looked for by the gateway. */
export function arrivedRows(events: readonly LiveEvent[], search: ActivitySearch): ActionView[] {
  if (search.q) return [];
  const rows = new Map<string, ActionView>();
  for (const { request, at } of events) {
    if (!request?.state) continue;
    const { state, ...facts } = request;
    rows.set(request.id, { ...facts, state, changed_at: at });
  }
  return [...rows.values()].filter((row) => isListed(row, search));
}

/** What entries of the ledger tell of rows: the states that they stand in since. */
export function applyEvents(pages: Pages, events: readonly LiveEvent[]): Pages {
  const changed = new Map<string, ActionView>();
  for (const { action_id: id, request, at, outcome } of events) {
    const row = id && request?.state ? (changed.get(id) ?? findRow(pages, id)) : undefined;
    // Events may come after a look that was newer.
    if (!id || !row || !request?.state || Date.parse(row.changed_at) > Date.parse(at)) continue;
    changed.set(id, { ...row, state: request.state, changed_at: at, outcome: outcome ?? row.outcome });
  }
  return patchRows(pages, [...changed.values()]);
}
