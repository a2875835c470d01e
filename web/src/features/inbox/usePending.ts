/** The list of the Inbox: loaded by pages, patched by events, never moved under the pointer. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { LiveEvent } from "@/api/live";
import { useLive } from "@/app/live";
import { titleOf } from "@/ui/BytesTokens";
import {
  added,
  arrived,
  compare,
  type Item,
  itemsOf,
  loadPending,
  type PendingPages,
  pendingKey,
  pendingQuery,
  purged,
  settled,
} from "./pages";
import type { InboxFilter } from "./search";
import { useBatches } from "./throttle";

const PAUSE_MS = 100;
/** Events say what has come; the list is asked this often whether it says the same. */
const CORRECTION_MS = 1_000;
/** A list that was asked for this much may hold more than the latest page shows. */
const LATEST_AT_MOST = 200;

/** What becomes of a request by an event about it; events that leave it pending are not named. */
const STATES: Record<string, string> = {
  "action.denied": "denied",
  "action.expired": "expired",
  "action.stale": "stale",
  "action.cancelled": "cancelled",
  "action.revoked": "revoked",
};

export interface PendingList {
  rows: Item[] | undefined;
  /** How many wait in all, as far as that is known. */
  total: number | undefined;
  error: unknown;
  retry: () => void;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
  /** Requests that arrived and would move what the pointer is on. */
  waiting: number;
  showWaiting: () => void;
  /** What arrived last, for those who can't see it. */
  announcement: string;
  /** The list tells where the pointer is, and which row is the last in view. */
  setHeld: (isHeld: boolean) => void;
  setLastVisible: (index: number) => void;
  /** Loads what is not loaded yet and gives all that wait. */
  loadAll: () => Promise<Item[]>;
  /** Whether there are at least as many as `total` says. */
  isTotalBounded: boolean;
  /** What the page itself has just decided. */
  settle: (states: ReadonlyMap<string, string>) => void;
}

export function usePending(filter: InboxFilter, selected: string | undefined): PendingList {
  const client = useQueryClient();
  const query = useInfiniteQuery(pendingQuery(filter));
  const key = JSON.stringify(pendingKey(filter));
  const rows = useMemo(() => itemsOf(query.data), [query.data]);
  const [waiting, setWaiting] = useState<readonly Item[]>([]);
  const [announcement, setAnnouncement] = useState("");
  const isHeld = useRef(false);
  const lastVisible = useRef(0);

  const patch = useCallback(
    (change: (data: PendingPages) => PendingPages) => {
      client.setQueryData(
        JSON.parse(key) as readonly string[],
        (data: PendingPages | undefined) => data && change(data),
      );
    },
    [client, key],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another list
  useEffect(() => setWaiting([]), [key]);

  const arrive = (fresh: readonly Item[]) => {
    const known = new Set(rows?.map(({ id }) => id));
    const news = fresh.filter((item) => item.state === "pending" && !known.has(item.id));
    if (news.length === 0) return;
    setAnnouncement(
      news.length === 1 && news[0]
        ? `New request: ${titleOf(news[0].agent)} wants ${titleOf(news[0].action)} on ${titleOf(news[0].target)}, ${news[0].urgency} urgency`
        : `${news.length} new requests`,
    );
    const edge = isHeld.current && rows ? rows[Math.min(lastVisible.current, rows.length - 1)] : undefined;
    const moving = edge ? news.filter((item) => compare(item, edge) < 0) : [];
    const moved = new Set(moving.map(({ id }) => id));
    patch((data) =>
      added(
        purgedUnlessHeld(data),
        news.filter(({ id }) => !moved.has(id)),
      ),
    );
    if (moving.length > 0) {
      setWaiting((before) => [...before.filter(({ id }) => !moved.has(id)), ...moving]);
    }
  };
  const purgedUnlessHeld = (data: PendingPages) => (isHeld.current ? data : purged(data, selected));

  const correct = useBatches<number>((counts) => {
    const asked = counts.reduce((sum, count) => sum + count, 0);
    if (asked >= LATEST_AT_MOST) void query.refetch();
    // A few more than were announced: others may have come in since.
    else
      void loadPending(filter, { limit: Math.min(LATEST_AT_MOST, asked + 10) }).then(
        ({ items }) => arrive(items),
        () => {},
      );
  }, CORRECTION_MS);
  const take = useBatches<LiveEvent>((events) => {
    const states = new Map<string, string>();
    const fresh: Item[] = [];
    let asked = 0;
    for (const event of events) {
      const { kind, action_id: id, outcome } = event;
      if (!id) continue;
      if (kind === "action.asked") {
        asked += 1;
        const item = arrived(event, filter);
        if (item) fresh.push(item);
      }
      // `approved self_approved`, `denied`
      else if (kind === "approval.decided") states.set(id, outcome?.split(" ")[0] || "decided");
      else if (STATES[kind]) states.set(id, STATES[kind]);
    }
    if (states.size > 0) {
      patch((data) => purgedUnlessHeld(settled(data, states)));
      setWaiting((before) =>
        before.some(({ id }) => states.has(id)) ? before.filter(({ id }) => !states.has(id)) : before,
      );
    }
    arrive(fresh.filter(({ id }) => !states.has(id)));
    if (asked > 0) correct(asked);
  }, PAUSE_MS);
  useLive((event) => {
    if (event.action_id) take(event);
  });

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const pendingRows = rows?.filter(({ state }) => state === "pending").length;
  return {
    rows,
    total: query.data?.pages[0]?.total ?? (hasNextPage ? undefined : pendingRows),
    isTotalBounded: query.data?.pages[0]?.is_total_bounded ?? false,
    loadAll: async () => {
      let result = await query.fetchNextPage({ cancelRefetch: false });
      while (result.hasNextPage && !result.error) result = await result.fetchNextPage({ cancelRefetch: false });
      if (result.error) throw result.error;
      return (itemsOf(result.data) ?? []).filter(({ state }) => state === "pending");
    },
    error: query.error,
    retry: () => void query.refetch(),
    hasMore: hasNextPage,
    isLoadingMore: isFetchingNextPage,
    loadMore,
    waiting: waiting.length,
    showWaiting: () => {
      patch((data) => added(purged(data, selected), waiting));
      setWaiting([]);
    },
    announcement,
    setHeld: useCallback((held: boolean) => {
      isHeld.current = held;
    }, []),
    setLastVisible: useCallback((index: number) => {
      lastVisible.current = index;
    }, []),
    settle: useCallback((states) => patch((data) => settled(data, states)), [patch]),
  };
}
