import { useQueryClient } from "@tanstack/react-query";
import { useLive } from "@/app/live";

/** Which lists an entry of the ledger makes old. */
const TOUCHED: readonly (readonly [beginning: string, lists: readonly string[]])[] = [
  ["config.operator.", ["operators", "sessions", "tokens"]],
  ["config.token.", ["tokens"]],
  ["config.key.", ["keys"]],
  ["config.settings.", ["settings"]],
  ["session.", ["sessions"]],
  ["signin.succeeded", ["sessions"]],
  ["vault.", ["vault"]],
];

/** Keeps the settings true while others change them. */
export function useSettingsLive(): void {
  const client = useQueryClient();
  useLive(({ kind }) => {
    for (const [beginning, lists] of TOUCHED) {
      if (kind.startsWith(beginning)) for (const list of lists) void client.invalidateQueries({ queryKey: [list] });
    }
  });
}
