import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { server } from "@/mock-api/server";
import { HomePage } from "./HomePage";
import type { Summary } from "./summary";
import { calm } from "./summary.fixture";

const open = (summary: Summary) => {
  signInAs("viewer");
  server.use(http.get("*/api/v1/summary", () => HttpResponse.json(summary)));
  return render(<HomePage />, { at: "/dashboard" });
};

describe("Home", () => {
  it("is calm when all is well, and says so", async () => {
    await open(calm());
    expect(await screen.findByText("All is well")).toBeInTheDocument();
    expect(screen.getByRole("img", { name: /5 allowed, 2 held for a human, 1 refused/ })).toBeInTheDocument();
  });

  it.each([
    [1, /over 1 entry$/],
    [100, /over 100 entries$/],
  ])("counts the %i entries of the last checkpoint", async (entries, words) => {
    const summary = calm();
    await open({ ...summary, ledger: { ...summary.ledger, checkpoint_entries: entries } });
    expect(await screen.findByText(words)).toBeInTheDocument();
  });

  it("leads to what waits", async () => {
    await open({ ...calm(), pending: 2, pending_by_urgency: [{ urgency: "high", count: 2, oldest_at: null }] });
    const link = await screen.findByRole("link", { name: /^Decide: 2 requests of high urgency/ });
    expect(link).toHaveAttribute("href", "/dashboard/inbox?urgency=high");
  });

  it("shows the first steps before the first action", async () => {
    const summary = { ...calm(), agents: 0 };
    const opened = open(summary);
    db.actions.length = 0;
    await opened;
    expect(await screen.findByRole("heading", { name: "First steps" })).toBeInTheDocument();
    expect(screen.getByRole("img", { name: "Done" })).toBeInTheDocument();
    expect(screen.queryByText("All is well")).not.toBeInTheDocument();
  });
});
