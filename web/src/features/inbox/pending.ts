import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { useLive } from "@/app/live";
import { useBatches } from "./throttle";

const PAUSE_MS = 1_000;

/** How many requests wait for a human, as the gateway counts them. Many events at once cost one question a second. */
export function usePendingCount(): number {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ["status"], queryFn: () => body(api.GET("/api/v1/status")), staleTime: 5_000 });
  const changed = useBatches<void>(() => void client.invalidateQueries({ queryKey: ["status"] }), PAUSE_MS);
  useLive((event) => {
    if (event.action_id) changed();
  });
  return data?.pending ?? 0;
}
