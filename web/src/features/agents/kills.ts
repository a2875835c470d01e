/** Which agents and targets the kill switch holds. */
import { useQuery } from "@tanstack/react-query";
import { type Kill, killsQuery } from "@/components/kill/useKills";

export type { Kill };
export type KillScope = "agent" | "target";

/** The switch that stops one thing: its own, or the one for everything. */
export function useKillOf(scope: KillScope, id: string | undefined): Kill | undefined {
  const kills = useQuery(killsQuery).data?.items ?? [];
  return kills.find((kill) => kill.scope === scope && kill.id === id) ?? kills.find((kill) => kill.scope === "all");
}
