import type { Schemas } from "@/api/client";
import { db, find, named, timestamp } from "../db";
import { caller } from "../guard";
import { route } from "../route";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const URGENCIES = ["critical", "high", "normal", "low"] as const;

function verdictsSince(since: number, until: number) {
  const counts = { allow: 0, ask: 0, deny: 0 };
  for (const { verdict, created_at } of db.actions) {
    const at = Date.parse(created_at);
    if (at >= since && at < until && verdict in counts) counts[verdict as keyof typeof counts] += 1;
  }
  return counts;
}

export const summaryHandlers = [
  route("get", "/api/v1/summary", ({ request }) => {
    caller(request, "request_read");
    const now = Date.now();
    const pending = db.actions.filter(({ state }) => state === "pending");
    const newest = db.checkpoints.at(-1);
    const firstHour = Math.floor((now - DAY_MS) / HOUR_MS) * HOUR_MS;
    return {
      at: timestamp(now),
      ready: db.problems.length === 0,
      problems: db.problems,
      pending: pending.length,
      pending_by_urgency: URGENCIES.map((urgency) => {
        const these = pending.filter((it) => it.urgency === urgency);
        return { urgency, count: these.length, oldest_at: these[0]?.created_at ?? null };
      }),
      running: db.actions.filter(({ state }) => state === "executing").length,
      kills: db.kills.map((kill) => ({
        ...kill,
        name: kill.id ? (find(named(kill.scope), kill.id)?.name ?? null) : null,
      })),
      revoked_keys: [],
      failures: [],
      ledger: {
        state: "sound",
        takes_entries: true,
        entries: db.entries.length + db.pruned,
        oldest_position: db.pruned,
        last_entry_at: db.entries.at(-1)?.at ?? null,
        checkpoint_entries: newest?.size ?? null,
        checkpoint_at: newest?.at ?? null,
        unsealed_millis: 0,
        verification: db.verification,
      },
      last_day: verdictsSince(now - DAY_MS, now),
      hours: Array.from({ length: 25 }, (_, index) => firstHour + index * HOUR_MS).map((at) => ({
        begins_at: timestamp(at),
        ...verdictsSince(at, at + HOUR_MS),
      })),
      agents: db.agents.length,
      targets: db.targets.length,
    } satisfies Schemas["SummaryView"];
  }),
];
