/** Whether an agent is tainted, worked out from the ledger: the gateway keeps it in memory only, and says it nowhere else. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { useLive } from "@/app/live";
import { TAINT } from "@/components/approval/found";
import { useTick } from "@/ui/useNow";

const MINUTE_MS = 60_000;
/** An agent that is tainted again and again: the last ones tell when it ends, but for settings that were changed meanwhile. */
const LOOKED_AT = 50;

export interface Taint {
  /** In milliseconds. */
  until: number;
  /** The action whose answer did it. */
  action: string | undefined;
}

const taintsQuery = (agent: string) =>
  queryOptions({
    queryKey: ["agents", "taints", agent],
    queryFn: async () => {
      const query = { kind: "scan.found", actor: `agent:${agent}`, limit: LOOKED_AT };
      const [entries, status] = await Promise.all([
        body(api.GET("/api/v1/audit/entries", { params: { query } })),
        body(api.GET("/api/v1/status")),
      ]);
      // A restart forgets what was tainted before it.
      return taintsOf(entries.items, Date.parse(status.started_at));
    },
    retry: false,
  });

/** The taints that entries tell of. */
export function taintsOf(entries: readonly Schemas["EntryView"][], startedAt: number): Taint[] {
  return entries.flatMap(({ at, outcome, action_id }) => {
    const minutes = TAINT.exec(outcome ?? "")?.[1];
    const since = Date.parse(at);
    if (minutes === undefined || since < startedAt) return [];
    return [{ until: since + Number(minutes) * MINUTE_MS, action: action_id ?? undefined }];
  });
}

/** The taint that ends last; `undefined` where there is none, or where one may not read the ledger. */
export function useTaint(agent: string): Taint | undefined {
  const client = useQueryClient();
  const { data } = useQuery(taintsQuery(agent));
  useLive(({ kind }) => {
    if (kind === "scan.found") void client.invalidateQueries({ queryKey: taintsQuery(agent).queryKey });
  });
  const now = useTick((time) => Math.floor(time / MINUTE_MS) * MINUTE_MS);
  const last = data?.toSorted((a, b) => b.until - a.until)[0];
  return last && last.until > now ? last : undefined;
}
