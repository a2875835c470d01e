import { useQueryClient } from "@tanstack/react-query";
import { useLive } from "@/app/live";

/** Which lists an entry of the ledger makes old. */
const TOUCHED: Record<string, readonly string[]> = {
  "config.agent": ["agents", "keys", "grants"],
  "config.key": ["keys"],
  "config.grant": ["grants"],
  "config.target": ["targets", "credentials", "grants"],
  "config.profile": ["targets", "credentials", "grants"],
  "config.credential": ["credentials"],
  "kill.engaged": ["kills"],
  "kill.released": ["kills"],
};

/** Keeps what is shown of the configuration true while others change it. */
export function useConfigurationLive({ isPaused = false } = {}): void {
  const client = useQueryClient();
  useLive(({ kind, action_id }) => {
    if (isPaused) return;
    const noun = kind.split(".").slice(0, 2).join(".");
    for (const list of TOUCHED[noun] ?? []) void client.invalidateQueries({ queryKey: [list] });
    if (action_id) void client.invalidateQueries({ queryKey: ["actions", "recent"] });
  });
}
