import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { checkpointOf } from "./checkpoints";
import { type EntryPage, entryParameters, isAscending } from "./entries";
import type { LedgerSearch } from "./search";

const PAGE = 200;

export function fetchEntries(search: LedgerSearch, cursor: string | undefined): Promise<EntryPage> {
  const query = entryParameters(search, cursor, PAGE);
  return body(api.GET("/api/v1/audit/entries", { params: { query } }));
}

/** The entries that fit. An entry never changes: the list only grows at its newest end. */
export function entriesQuery(filters: LedgerSearch) {
  return infiniteQueryOptions({
    queryKey: ["ledger", "entries", filters] as const,
    queryFn: ({ pageParam }) => fetchEntries(filters, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: EntryPage) => last.next ?? undefined,
    // From old to new, the end of the list may have grown.
    staleTime: isAscending(filters) ? 0 : "static",
    structuralSharing: false,
  });
}

/** The entry at a position; `null` if there is none. */
export function entryQuery(position: number) {
  return queryOptions({
    queryKey: ["ledger", "entry", position] as const,
    queryFn: async () => {
      const query = { before: position + 1, limit: 1 };
      const entry = (await body(api.GET("/api/v1/audit/entries", { params: { query } }))).items[0];
      return entry?.position === position ? entry : null;
    },
  });
}

/** The first and the last position that are kept. */
export const endsQuery = queryOptions({
  queryKey: ["ledger", "ends"],
  queryFn: async () => {
    const [newest, oldest] = await Promise.all([
      body(api.GET("/api/v1/audit/entries", { params: { query: { limit: 1 } } })),
      body(api.GET("/api/v1/audit/entries", { params: { query: { order: "oldest", limit: 1 } } })),
    ]);
    return { first: oldest.items[0]?.position ?? 0, last: newest.items[0]?.position ?? -1 };
  },
});

export const checkpointsQuery = queryOptions({
  queryKey: ["ledger", "checkpoints"],
  queryFn: async () => {
    const list = (await body(api.GET("/api/v1/audit/checkpoints"))) as { items?: unknown[] };
    return (list.items ?? []).map(checkpointOf).sort((a, b) => b.size - a.size);
  },
});

export const ledgerKeyQuery = queryOptions({
  queryKey: ["ledger", "key"],
  queryFn: () => body(api.GET("/api/v1/audit/key")),
});

/** What the last verification found, whoever asked for it; `null` where there was none since the gateway started. */
export const lastVerificationQuery = queryOptions({
  queryKey: ["summary"],
  queryFn: () => body(api.GET("/api/v1/summary")),
  select: ({ ledger }) => ledger.verification ?? null,
});

/** What is wrong with the gateway; the ledger's alarms are among it. */
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: () => body(api.GET("/api/v1/status")),
  staleTime: 5_000,
});
