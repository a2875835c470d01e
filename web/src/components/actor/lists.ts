/** The names that filters offer. */
import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { every } from "@/api/every";

const KEPT_MS = 30_000;
/** The most that the gateway gives at once. */
const PAGE = 200;

type Page = Parameters<typeof every<{ name: string }>>[0];

async function namesOf(page: Page): Promise<string[]> {
  return (await every(page)).map(({ name }) => name).sort();
}

export const agentNamesQuery = queryOptions({
  queryKey: ["names", "agents"],
  queryFn: () => namesOf((cursor) => body(api.GET("/api/v1/agents", { params: { query: { cursor, limit: PAGE } } }))),
  staleTime: KEPT_MS,
});

export const targetNamesQuery = queryOptions({
  queryKey: ["names", "targets"],
  queryFn: () => namesOf((cursor) => body(api.GET("/api/v1/targets", { params: { query: { cursor, limit: PAGE } } }))),
  staleTime: KEPT_MS,
});
