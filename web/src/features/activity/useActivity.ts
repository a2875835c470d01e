/** The list of actions and its live tail. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { LiveEvent } from "@/api/live";
import { useLive, useLiveState } from "@/app/live";
import { activityQuery, fetchActions } from "./queries";
import {
  type ActionView,
  applyEvents,
  arrivedRows,
  compareRows,
  dropRows,
  insertRows,
  isStill,
  type Pages,
  patchRows,
} from "./rows";
import type { ActivitySearch } from "./search";

/** Events of this time are answered with one look at the list. */
const GATHER_MS = 250;
/** Entries of one commit arrive within this. */
const ARRIVAL_MS = 20;
/** The words of a new action can be searched a little later than it is listed. */
const INDEXED_MS = 1_500;
const HEAD = 100;
/** How many looks fill a gap before the list is read anew. */
const LOOKS = 4;

export interface Activity {
  rows: ActionView[] | undefined;
  error: unknown;
  isLoadingMore: boolean;
  loadMore: () => void;
  retry: () => void;
  /** How many rows arrived while the reader was further down. */
  waiting: number;
  /** More arrived than were counted. */
  isMore: boolean;
  /** Shows what arrived. */
  release: () => void;
  setAtTop: (isAtTop: boolean) => void;
}

export function useActivity(search: ActivitySearch): Activity {
  const client = useQueryClient();
  // The router keeps the identity of an address's search while it stays equal.
  const options = useMemo(() => activityQuery(search), [search]);
  const query = useInfiniteQuery(options);
  const order = search.order ?? "newest";
  const [held, setHeld] = useState<ActionView[]>([]);
  const [isMore, setMore] = useState(false);
  const heldRows = useRef(held);
  const isAtTop = useRef(true);
  const events = useRef<LiveEvent[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const arrivals = useRef<LiveEvent[]>([]);
  const arrivalTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isBusy = useRef(false);
  const isAsked = useRef(false);

  const hold = useCallback((rows: ActionView[]) => {
    heldRows.current = rows;
    setHeld(rows);
  }, []);
  const update = useCallback(
    (change: (pages: Pages) => Pages) => {
      client.setQueryData(options.queryKey, (pages: Pages | undefined) => pages && change(pages));
    },
    [client, options],
  );
  const release = useCallback(() => {
    const rows = heldRows.current;
    hold([]);
    if (isMore) {
      setMore(false);
      void client.resetQueries({ queryKey: options.queryKey, exact: true });
    } else {
      update((pages) => insertRows(dropRows(pages, search), rows, order));
    }
  }, [client, hold, isMore, options, order, search, update]);

  const look = useCallback(async () => {
    const known = () => client.getQueryData(options.queryKey) as Pages | undefined;
    if (!known()) return;
    if (isBusy.current) {
      isAsked.current = true;
      return;
    }
    isBusy.current = true;
    const told = events.current.splice(0);
    update((old) => applyEvents(old, told));
    try {
      let cursor: string | undefined;
      const fresh: ActionView[] = [];
      let hasGap = false;
      for (let looks = 0; ; looks += 1) {
        const page = await fetchActions(search, cursor, HEAD);
        const pages = known();
        if (!pages) return;
        const found = compareRows(pages, page.items, order);
        fresh.push(...found.fresh);
        update((old) => patchRows(old, found.changed));
        if (order === "oldest" || !page.next || found.fresh.length < page.items.length) break;
        if (looks === LOOKS) {
          hasGap = true;
          break;
        }
        cursor = page.next;
      }
      if (hasGap && isAtTop.current) {
        void client.resetQueries({ queryKey: options.queryKey, exact: true });
      } else if (hasGap) {
        setMore(true);
        hold(fresh);
      } else if (isAtTop.current) {
        update((pages) => insertRows(dropRows(pages, search), fresh, order));
      } else if (fresh.length > 0 || heldRows.current.length > 0) {
        const byId = new Map([...heldRows.current, ...fresh].map((row) => [row.id, row]));
        hold([...byId.values()]);
      }
    } catch {
      // The next event, or the connection's return, looks again.
    } finally {
      isBusy.current = false;
      if (isAsked.current) {
        isAsked.current = false;
        void look();
      }
    }
  }, [client, hold, options, order, search, update]);

  const lookSoon = useCallback(
    (pause = GATHER_MS) => {
      if (timer.current) return;
      timer.current = setTimeout(() => {
        timer.current = undefined;
        void look();
      }, pause);
    },
    [look],
  );
  /** Shows what events tell, before the list is asked. */
  const arrive = useCallback(() => {
    arrivalTimer.current = undefined;
    const told = arrivals.current.splice(0);
    const pages = client.getQueryData(options.queryKey) as Pages | undefined;
    if (!pages) return;
    update((old) => applyEvents(old, told));
    if (isAtTop.current) update((old) => dropRows(old, search));
    const gone = new Set(
      told.map(({ request }) =>
        request?.state && !isStill({ state: request.state }, search) ? request.id : undefined,
      ),
    );
    if (heldRows.current.some(({ id }) => gone.has(id))) hold(heldRows.current.filter(({ id }) => !gone.has(id)));
    const { fresh } = compareRows(pages, arrivedRows(told, search), order);
    if (fresh.length === 0) return;
    if (isAtTop.current) update((old) => insertRows(old, fresh, order));
    else hold([...new Map([...heldRows.current, ...fresh].map((row) => [row.id, row])).values()]);
  }, [client, hold, options, order, search, update]);
  useLive((event) => {
    if (!event.action_id) return;
    arrivals.current.push(event);
    arrivalTimer.current ??= setTimeout(arrive, ARRIVAL_MS);
    events.current.push(event);
    lookSoon(search.q ? INDEXED_MS : GATHER_MS);
  });
  const { state } = useLiveState();
  // Another list, or a connection that stands again: what happened in between was not told.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the state is what it reacts to
  useEffect(() => {
    hold([]);
    setMore(false);
    isAtTop.current = true;
    lookSoon(0);
    return () => {
      clearTimeout(timer.current);
      timer.current = undefined;
      clearTimeout(arrivalTimer.current);
      arrivalTimer.current = undefined;
      arrivals.current = [];
    };
  }, [state === "live", lookSoon, hold]);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage({ cancelRefetch: false });
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  // All that was loaded has left: a table without rows can't ask for those behind them.
  const isBare = rows?.length === 0 && !query.isFetchNextPageError;
  useEffect(() => {
    if (isBare) loadMore();
  }, [isBare, loadMore]);
  const setAtTop = useCallback(
    (isNow: boolean) => {
      isAtTop.current = isNow;
      if (!isNow) return;
      // What is not of the list any more was left where it stood: rows must not move under whoever reads them.
      if (heldRows.current.length > 0) release();
      else update((pages) => dropRows(pages, search));
    },
    [release, search, update],
  );
  return {
    rows,
    error: query.error,
    isLoadingMore: isFetchingNextPage,
    loadMore,
    retry: () => void query.refetch(),
    waiting: held.length,
    isMore,
    release,
    setAtTop,
  };
}
