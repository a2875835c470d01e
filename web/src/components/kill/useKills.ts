import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { useLive } from "@/app/live";

export type Kill = Schemas["KillView"];

export const killsQuery = queryOptions({
  queryKey: ["kills"],
  queryFn: () => body(api.GET("/api/v1/kills")),
});

/** What is stopped now; follows the live stream. */
export function useKills(): readonly Kill[] | undefined {
  const client = useQueryClient();
  const { data } = useQuery(killsQuery);
  useLive(({ kind }) => {
    if (kind.startsWith("kill.")) void client.invalidateQueries({ queryKey: ["kills"] });
  });
  return data?.items;
}

export type KillScope = "agent" | "target";

/** The switch that stops one thing: its own, or the one for everything. */
export function useKillOf(scope: KillScope, id: string | undefined): Kill | undefined {
  const kills = useQuery(killsQuery).data?.items ?? [];
  return kills.find((kill) => kill.scope === scope && kill.id === id) ?? kills.find((kill) => kill.scope === "all");
}

export const pull = (order: Schemas["KillBody"]) => body(api.POST("/api/v1/kills", { body: order }));

export const release = ({ scope, id }: Kill) =>
  api.POST("/api/v1/kills/release", { body: { scope, ...(id ? { name: id } : {}), reason: "" } });
