import { describe, expect, it } from "vitest";
import { attention } from "./attention";
import { barsOf } from "./bars";
import { calm, NOW } from "./summary.fixture";

describe("what needs an operator", () => {
  it("is nothing when all is well", () => {
    expect(attention(calm(), NOW)).toEqual([]);
  });

  it("puts what is wrong before what waits, and what waits before what may become wrong", () => {
    const needs = attention(
      {
        ...calm(),
        problems: [{ code: "store_failed", detail: "disk full" }],
        kills: [
          { scope: "agent", id: "1", name: "bot", by: "operator:1", reason: "runs wild", at: "2026-11-20T11:00:00Z" },
        ],
        pending_by_urgency: [
          { urgency: "critical", count: 1, oldest_at: "2026-11-20T11:59:00Z" },
          { urgency: "low", count: 2, oldest_at: "2026-11-20T10:00:00Z" },
        ],
        failures: [{ target_id: "2", target: "payments", failed: 3, unknown: 1, last_at: "2026-11-20T11:59:30Z" }],
      },
      NOW,
    );
    expect(needs.map(({ title }) => title)).toEqual([
      "The store has failed",
      "Agent bot is stopped",
      "1 action on payments ended nobody knows how",
      "1 request of critical urgency waits for a decision",
      "2 requests of low urgency wait for a decision",
      "3 actions on payments failed in the last 24 hours",
    ]);
    expect(needs[3]).toMatchObject({ to: "/dashboard/inbox", search: { urgency: "critical" } });
  });

  it("warns of an old checkpoint only where it leaves entries uncovered", () => {
    const old = { ...calm().ledger, checkpoint_at: "2026-11-19T10:00:00Z" };
    expect(attention({ ...calm(), ledger: old }, NOW)).toEqual([]);
    const titles = attention({ ...calm(), ledger: { ...old, entries: 101 } }, NOW).map(({ title }) => title);
    expect(titles).toEqual(["The last checkpoint is old"]);
  });
});

describe("the last day", () => {
  it("has an hour for each, with or without actions", () => {
    const bars = barsOf([{ begins_at: "2026-11-20T11:00:00Z", allow: 2, ask: 1, deny: 0 }], NOW);
    expect(bars).toHaveLength(24);
    expect(bars.at(-2)).toMatchObject({ total: 3, allow: 2 });
    expect(bars[0]?.at).toBe(Date.parse("2026-11-19T13:00:00Z"));
    expect(bars.filter(({ total }) => total > 0)).toHaveLength(1);
  });
});
