import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { useLive } from "@/app/live";

/** How many requests wait for a human; follows the live stream. */
export function usePendingCount(): number {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ["status"], queryFn: () => body(api.GET("/api/v1/status")), staleTime: 5_000 });
  useLive((event) => {
    if (event.action_id) void client.invalidateQueries({ queryKey: ["status"] });
  });
  return data?.pending ?? 0;
}
