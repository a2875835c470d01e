/** The list of entries and its live end. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLive, useLiveState } from "@/app/live";
import { type Entry, type EntryPages, fits, isAscending, prependEntries } from "./entries";
import { endsQuery, entriesQuery, fetchEntries } from "./queries";
import type { LedgerSearch } from "./search";

const GATHER_MS = 150;

export function useEntries(filters: LedgerSearch) {
  const client = useQueryClient();
  const options = useMemo(() => entriesQuery(filters), [filters]);
  const query = useInfiniteQuery(options);
  const [waiting, setWaiting] = useState(0);
  const held = useRef<Entry[]>([]);
  const isAtTop = useRef(true);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isLive = !isAscending(filters);

  const release = useCallback(() => {
    // The list is still on its way: what came meanwhile waits for it.
    if (!client.getQueryData(options.queryKey)) return;
    const entries = held.current;
    held.current = [];
    setWaiting(0);
    client.setQueryData(options.queryKey, (pages: EntryPages | undefined) => pages && prependEntries(pages, entries));
  }, [client, options]);
  const take = useCallback(
    (entries: readonly Entry[]) => {
      held.current.push(...entries);
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        void client.invalidateQueries({ queryKey: endsQuery.queryKey });
        if (isAtTop.current) release();
        else setWaiting(held.current.length);
      }, GATHER_MS);
    },
    [client, release],
  );
  useLive((event) => {
    if (isLive && fits(event, filters)) take([event]);
  });
  const { state } = useLiveState();
  // Another list, or a connection that stands again: what came in between was not told.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the state is what it reacts to
  useEffect(() => {
    held.current = [];
    setWaiting(0);
    isAtTop.current = true;
    const known = client.getQueryData(options.queryKey) as EntryPages | undefined;
    if (isLive && known) {
      void fetchEntries(filters, undefined)
        .then((page) => {
          const newest = known.pages[0]?.items[0]?.position ?? -1;
          if (page.next && page.items.every((entry) => entry.position > newest)) {
            void client.resetQueries({ queryKey: options.queryKey, exact: true });
          } else {
            take(page.items.filter((entry) => entry.position > newest));
          }
        })
        // The connection's return asks again.
        .catch(() => {});
    }
    return () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [state === "live", options, take]);

  useEffect(() => {
    if (query.isSuccess && isAtTop.current) release();
  }, [query.isSuccess, release]);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage({ cancelRefetch: false });
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const setAtTop = useCallback(
    (isNow: boolean) => {
      isAtTop.current = isNow;
      if (isNow && held.current.length > 0) release();
    },
    [release],
  );
  return {
    rows,
    error: query.error,
    retry: () => void query.refetch(),
    loadMore,
    isLoadingMore: isFetchingNextPage,
    waiting,
    release,
    setAtTop,
  };
}
