import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Page } from "./rows";
import { type ActivitySearch, toParameters } from "./search";

const PAGE = 200;

/** One page of the actions that fit. */
export function fetchActions(search: ActivitySearch, cursor: string | undefined, limit: number): Promise<Page> {
  const query = { ...toParameters(search, Date.now()), cursor, limit };
  return body(api.GET("/api/v1/actions", { params: { query } }));
}

/**
 * The actions that fit, page by page. The list keeps itself fresh (see `useActivity`): asking for hundreds of pages again whenever
 * something happens would stop the page.
 */
export function activityQuery(search: ActivitySearch) {
  return infiniteQueryOptions({
    queryKey: ["actions", "list", search] as const,
    queryFn: ({ pageParam }) => fetchActions(search, pageParam, PAGE),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next ?? undefined,
    staleTime: "static",
    structuralSharing: false,
  });
}

/** One action with all that is known of it. */
export function actionQuery(id: string) {
  return queryOptions({
    queryKey: ["actions", "one", id] as const,
    queryFn: () => body(api.GET("/api/v1/actions/{id}", { params: { path: { id } } })),
  });
}

/** What the ledger says of an action, oldest first. */
export function actionEntriesQuery(id: string) {
  return queryOptions({
    queryKey: ["actions", "entries", id] as const,
    queryFn: async () => {
      const query = { action_id: id, limit: PAGE };
      const { items } = await body(api.GET("/api/v1/audit/entries", { params: { query } }));
      return items.toReversed();
    },
  });
}

/** The newest actions, for a strip elsewhere. */
export function latestActionsQuery(limit: number) {
  return queryOptions({
    queryKey: ["actions", "latest", limit] as const,
    queryFn: () => fetchActions({}, undefined, limit),
  });
}
