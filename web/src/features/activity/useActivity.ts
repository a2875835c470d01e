/** The list of actions and its live tail. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, body } from "@/api/client";
import { useLive, useLiveState } from "@/app/live";
import { activityQuery, fetchActions } from "./queries";
import { type ActionView, compareRows, findRow, insertRows, type Pages, patchRows } from "./rows";
import type { ActivitySearch } from "./search";

/** Events of this time are answered with one look at the list. */
const GATHER_MS = 250;
/** The words of a new action can be searched a little later than it is listed. */
const INDEXED_MS = 1_500;
const HEAD = 100;
/** How many looks fill a gap before the list is read anew. */
const LOOKS = 4;
/** How many changed rows further down are asked for at a time. */
const ASKED_AT_ONCE = 10;

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
  const changed = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
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
      update((pages) => insertRows(pages, rows, order));
    }
  }, [client, hold, isMore, options, order, update]);

  const look = useCallback(async () => {
    const known = () => client.getQueryData(options.queryKey) as Pages | undefined;
    if (!known()) return;
    if (isBusy.current) {
      isAsked.current = true;
      return;
    }
    isBusy.current = true;
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
        for (const row of page.items) changed.current.delete(row.id);
        if (order === "oldest" || !page.next || found.fresh.length < page.items.length) break;
        if (looks === LOOKS) {
          hasGap = true;
          break;
        }
        cursor = page.next;
      }
      await refreshKnown(known, changed.current, (rows) => update((old) => patchRows(old, rows)));
      if (hasGap && isAtTop.current) {
        void client.resetQueries({ queryKey: options.queryKey, exact: true });
      } else if (hasGap) {
        setMore(true);
        hold(fresh);
      } else if (isAtTop.current) {
        update((pages) => insertRows(pages, fresh, order));
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
  useLive((event) => {
    if (!event.action_id) return;
    changed.current.add(event.action_id);
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
    };
  }, [state === "live", lookSoon, hold]);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage({ cancelRefetch: false });
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const setAtTop = useCallback(
    (isNow: boolean) => {
      isAtTop.current = isNow;
      if (isNow && heldRows.current.length > 0) release();
    },
    [release],
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

/** Asks for rows that changed further down than the look reached. What is not loaded does not matter. */
async function refreshKnown(
  known: () => Pages | undefined,
  changed: Set<string>,
  patch: (rows: ActionView[]) => void,
): Promise<void> {
  const pages = known();
  if (!pages) return;
  const ids = [...changed].filter((id) => findRow(pages, id)).slice(0, ASKED_AT_ONCE);
  changed.clear();
  const answers = await Promise.allSettled(
    ids.map((id) => body(api.GET("/api/v1/actions/{id}", { params: { path: { id } } }))),
  );
  const rows: ActionView[] = [];
  for (const answer of answers) {
    if (answer.status === "rejected") continue;
    const { payload: _payload, judged: _judged, result: _result, ...row } = answer.value;
    rows.push(row);
  }
  patch(rows);
}
