/** Which agents and targets the kill switch holds. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type Kill = Schemas["KillView"];
export type KillScope = "agent" | "target";

export const killsQuery = queryOptions({
  queryKey: ["kills"],
  queryFn: () => body(api.GET("/api/v1/kills")),
});

/** The switch that stops one thing: its own, or the one for everything. */
export function useKillOf(scope: KillScope, id: string | undefined): Kill | undefined {
  const kills = useQuery(killsQuery).data?.items ?? [];
  return kills.find((kill) => kill.scope === scope && kill.id === id) ?? kills.find((kill) => kill.scope === "all");
}

export const pullKill = (scope: KillScope, name: string, reason: string) =>
  api.POST("/api/v1/kills", { body: { scope, name, reason } });

export const releaseKill = (scope: KillScope, name: string, reason: string) =>
  api.POST("/api/v1/kills/release", { body: { scope, name, reason } });
