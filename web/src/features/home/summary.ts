import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

export interface VerdictCounts {
  allow: number;
  ask: number;
  deny: number;
}

/** What the gateway says of itself at a glance. */
export interface Summary {
  at: string;
  ready: boolean;
  problems: { code: string; detail: string }[];
  pending: number;
  pending_by_urgency: { urgency: string; count: number; oldest_at?: string | null }[];
  running: number;
  kills: { scope: string; id?: string | null; name?: string | null; by: string; reason: string; at: string }[];
  revoked_keys: { id: string; name: string; prefix: string; revoked_at?: string | null }[];
  failures: { target_id: string; target: string; failed: number; unknown: number; last_at: string }[];
  ledger: {
    state: string;
    takes_entries: boolean;
    entries: number;
    last_entry_at?: string | null;
    checkpoint_entries?: number | null;
    checkpoint_at?: string | null;
    unsealed_millis: number;
  };
  last_day: VerdictCounts;
  hours: ({ begins_at: string } & VerdictCounts)[];
  agents: number;
  targets: number;
}

export const summaryQuery = queryOptions({
  queryKey: ["summary"],
  queryFn: () => body(api.GET("/api/v1/summary" as never)) as Promise<unknown> as Promise<Summary>,
});
