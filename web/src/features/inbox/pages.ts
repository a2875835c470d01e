/** The pending requests that are loaded, page by page, and how they are patched when something happens to one. */
import { type InfiniteData, infiniteQueryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { LiveEvent } from "@/api/live";
import type { ActionView } from "@/components/approval/action";
import { wordsOf } from "@/features/activity/search";
import type { InboxFilter } from "./search";

const PAGE = 200;

/** A request in the list: pending, or what became of it while it was shown. */
export type Item = Omit<ActionView, "state"> & { state: string };

export interface PendingPage {
  items: Item[];
  next?: string | null | undefined;
  /** How many there are; older gateways do not say. */
  total?: number | null | undefined;
  /** Whether there may be more than that: counting stops somewhere. */
  is_total_bounded?: boolean | undefined;
}

export type PendingPages = InfiniteData<PendingPage, unknown>;

const RANKS: Record<string, number> = { critical: 0, high: 1, normal: 2, low: 3 };

/** The most urgent first, of those the oldest: ids grow with time. */
export function compare(left: Item, right: Item): number {
  const byUrgency = (RANKS[left.urgency] ?? 2) - (RANKS[right.urgency] ?? 2);
  return byUrgency || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}

function parametersOf(filter: InboxFilter) {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as InboxFilter;
}

/** One page. `newest` ignores the order: what has come in last, for patches. */
export async function loadPending(
  filter: InboxFilter,
  page: { cursor?: string | undefined; limit?: number; order?: "urgency" } = {},
): Promise<PendingPage> {
  const query = { ...parametersOf(filter), limit: PAGE, ...page };
  const answer = await body(api.GET("/api/v1/approvals", { params: { query } }));
  return { ...answer, items: answer.items.filter((item) => fits(item, filter)) };
}

function fits(item: Item, { urgency, effect }: InboxFilter): boolean {
  return (!urgency || wordsOf(urgency).includes(item.urgency)) && (!effect || wordsOf(effect).includes(item.effect));
}

/** The request that an event tells of, where it belongs into the list. Words can only be looked for by the gateway. */
export function arrived({ request }: LiveEvent, filter: InboxFilter): Item | undefined {
  if (request?.state !== "pending" || filter.q) return undefined;
  const { state, ...facts } = request;
  const item: Item = { ...facts, state };
  const isNamed = (wanted: string | undefined, name: string, id: string) => !wanted || wanted === name || wanted === id;
  const isWanted =
    isNamed(filter.agent, item.agent, item.agent_id) && isNamed(filter.target, item.target, item.target_id);
  return isWanted && fits(item, filter) ? item : undefined;
}

export const pendingKey = (filter: InboxFilter) => ["inbox", parametersOf(filter)] as const;

export const pendingQuery = (filter: InboxFilter) =>
  infiniteQueryOptions({
    queryKey: pendingKey(filter),
    queryFn: ({ pageParam }: { pageParam: string | undefined }) =>
      loadPending(filter, { cursor: pageParam, order: "urgency" }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: PendingPage) => page.next ?? undefined,
    staleTime: 30_000,
    // Comparing ten thousand requests field by field at each page costs more than drawing what is in view.
    structuralSharing: false,
    // Events patch the list; asking again for every page at each focus would load all of it.
    refetchOnWindowFocus: false,
  });

/** All that is loaded, in order, each once. */
export function itemsOf(data: PendingPages | undefined): Item[] | undefined {
  if (!data) return undefined;
  const items = new Map<string, Item>();
  for (const page of data.pages) for (const item of page.items) items.set(item.id, item);
  return [...items.values()].sort(compare);
}

/** With new requests. One that sorts behind what is loaded comes with its own page. */
export function added(data: PendingPages, fresh: readonly Item[]): PendingPages {
  const known = new Set(data.pages.flatMap((page) => page.items.map(({ id }) => id)));
  const all = itemsOf(data) ?? [];
  const last = data.pages.at(-1)?.next ? all.at(-1) : undefined;
  const unknown = fresh.filter(({ id }) => !known.has(id));
  const here = unknown.filter((item) => !last || compare(item, last) < 0);
  const [first, ...rest] = data.pages;
  if (!first || unknown.length === 0) return data;
  const total = first.total == null ? first.total : first.total + unknown.length;
  return { ...data, pages: [{ ...first, total, items: [...first.items, ...here] }, ...rest] };
}

/** With what became of some; `undefined` as state takes them out. */
export function settled(data: PendingPages, states: ReadonlyMap<string, string | undefined>): PendingPages {
  let left = 0;
  const pages = data.pages.map((page) => {
    if (!page.items.some(({ id }) => states.has(id))) return page;
    const items = page.items.flatMap((item) => {
      if (!states.has(item.id)) return [item];
      const state = states.get(item.id);
      if (item.state === "pending" && state !== "pending") left += 1;
      return state === undefined ? [] : [{ ...item, state }];
    });
    return { ...page, items };
  });
  const [first, ...rest] = pages;
  if (!first) return data;
  const total = first.total == null ? first.total : Math.max(0, first.total - left);
  return { ...data, pages: [{ ...first, total }, ...rest] };
}

/** Without those that no longer wait, but for one. */
export function purged(data: PendingPages, kept: string | undefined): PendingPages {
  const isKept = (item: Item) => item.state === "pending" || item.id === kept;
  if (data.pages.every((page) => page.items.every(isKept))) return data;
  return { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.filter(isKept) })) };
}
