import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { ActionPage } from "./ActionPage";

const inState = (state: string) => {
  const action = db.actions.find((each) => each.state === state);
  if (!action) throw new Error(`the seed has no ${state} action`);
  return action;
};
const open = (id: string, isLive = false) =>
  render(<ActionPage />, { at: `/dashboard/activity/${id}`, path: "/dashboard/activity/$id", isLive });

describe("an action's page", () => {
  it("says who asked what of whom, and what is known of it", async () => {
    signInAs("viewer");
    const action = inState("succeeded");
    await open(action.id);
    expect(await screen.findByRole("heading", { level: 1, name: action.action })).toBeInTheDocument();
    for (const name of ["Summary", "Input", "Output", "Timeline", "Decision", "Ledger entries"]) {
      expect(screen.getByRole("heading", { level: 2, name })).toBeInTheDocument();
    }
    expect(screen.getByRole("link", { name: action.agent })).toBeInTheDocument();
  });

  it("names what hides in the reasons that are given (requirement 27)", async () => {
    signInAs("viewer");
    const action = inState("succeeded");
    action.reason = "over\u202e 100";
    action.risk_reasons = ["writes to \u200bprod", "at night"];
    await open(action.id);
    await screen.findByRole("heading", { level: 1, name: action.action });
    expect(screen.getAllByText("[U+202E right-to-left override]")[0]).toBeVisible();
    expect(screen.getByText("[U+200B zero width space]").closest("bdi")).toHaveTextContent(
      "writes to [U+200B zero width space]prod; at night",
    );
  });

  it("keeps those who may only look from taking it back, and says why", async () => {
    signInAs("viewer");
    const { user } = await open(inState("pending").id);
    const button = await screen.findByRole("button", { name: "Take back" });
    expect(button).toHaveAttribute("aria-disabled", "true");
    await user.click(button);
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("takes a waiting action back", async () => {
    signInAs("approver");
    const action = inState("pending");
    const { user } = await open(action.id);
    await user.click(await screen.findByRole("button", { name: "Take back" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "Take back" }));
    await waitFor(() => expect(action.state).toBe("cancelled"));
    expect((await screen.findAllByText("cancelled")).length).toBeGreaterThan(0);
  });

  it("settles what nobody knows, after an answer", async () => {
    signInAs("owner");
    const action = inState("pending");
    action.state = "unknown";
    const { user } = await open(action.id);
    await user.click(await screen.findByRole("button", { name: "Settle" }));
    const dialog = await screen.findByRole("dialog");
    const settle = within(dialog).getByRole("button", { name: "Settle" });
    expect(settle).toBeDisabled();
    await user.click(within(dialog).getByRole("radio", { name: "No, it had no effect" }));
    await user.type(within(dialog).getByRole("textbox"), "looked at the target");
    await user.click(settle);
    await waitFor(() => expect(action.state).toBe("failed"));
  });

  it("says that there is no such action", async () => {
    signInAs("viewer");
    await open("01a1f895-e0e6-7ae1-9dc3-000000000000");
    expect(await screen.findByRole("alert")).toBeInTheDocument();
  });
});
