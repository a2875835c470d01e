import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { db, record } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { AgentOverview } from "./AgentOverview";
import { taintsOf } from "./taint";

const MINUTE_MS = 60_000;
const entry = (at: string, outcome: string) => ({ at, outcome, action_id: "a" }) as never;

describe("a taint", () => {
  it("is what the ledger tells since the gateway started, and ends after its minutes", () => {
    const started = Date.parse("2026-11-20T10:00:00Z");
    const told = [
      entry("2026-11-20T10:05:00Z", "agent tainted for 30 minutes; prompt injection (98 %) in reply"),
      entry("2026-11-20T10:04:00Z", "prompt injection (95 %) in reply"),
      entry("2026-11-20T09:59:00Z", "agent tainted for 30 minutes; forgotten by the restart"),
    ];
    expect(taintsOf(told, started)).toEqual([{ until: started + 35 * MINUTE_MS, action: "a" }]);
  });
});

describe("an agent's page", () => {
  beforeEach(() => signInAs("owner"));
  const agent = () => db.agents[0] as (typeof db.agents)[number];
  const show = () => render(<AgentOverview agent={agent()} kill={undefined} />);

  it("says that it is tainted, by what and what ends it", async () => {
    db.startedAt = Date.now() - MINUTE_MS;
    const [action] = db.actions;
    record("scan.found", {
      actor: `agent:${agent().id}`,
      action_id: action?.id ?? null,
      outcome: "agent tainted for 30 minutes; prompt injection (98 %) in reply",
    });
    await show();
    expect(await screen.findByText("tainted")).toBeVisible();
    expect(screen.getByText(/all that it asks for but reads asks a human/)).toHaveTextContent(
      /restart of the gateway does/,
    );
    expect(screen.getByRole("link", { name: "an answer that it read" })).toHaveAttribute(
      "href",
      `/dashboard/activity/${action?.id}`,
    );
  });
});
