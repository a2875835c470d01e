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

/** The newest actions, for a strip elsewhere. */
export function latestActionsQuery(limit: number) {
  return queryOptions({
    queryKey: ["actions", "latest", limit] as const,
    queryFn: () => fetchActions({}, undefined, limit),
  });
}
