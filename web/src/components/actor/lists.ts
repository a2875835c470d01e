/** The names that filters offer. */
import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

const KEPT_MS = 30_000;

export const agentNamesQuery = queryOptions({
  queryKey: ["names", "agents"],
  queryFn: async () => (await body(api.GET("/api/v1/agents"))).items.map(({ name }) => name).sort(),
  staleTime: KEPT_MS,
});

export const targetNamesQuery = queryOptions({
  queryKey: ["names", "targets"],
  queryFn: async () => (await body(api.GET("/api/v1/targets"))).items.map(({ name }) => name).sort(),
  staleTime: KEPT_MS,
});
