import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { db } from "@/mock-api/db";
import { makeCheckpoint } from "@/mock-api/handlers/audit";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { server } from "@/mock-api/server";
import { LedgerPage } from "./LedgerPage";

beforeEach(() => {
  // jsdom lays nothing out: the list needs a height to have rows.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(820);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1_200);
});

const open = (at = "/dashboard/ledger") => render(<LedgerPage />, { at });

describe("the Ledger", () => {
  it("says that the ledger is valid", async () => {
    signInAs("viewer");
    const { user } = await open();
    await user.click(screen.getByRole("button", { name: "Verify" }));
    expect(await screen.findByText(/The ledger is valid: [\d,]+ entries checked/)).toBeInTheDocument();
  });

  it("says when it was last verified, whoever did, and what was found", async () => {
    signInAs("viewer");
    const found = {
      at: "2026-11-20T10:00:00Z",
      valid: false,
      entries: 9,
      first_bad: 7,
      reason: "the link does not fit",
    };
    db.verification = found;
    const { user } = await open();
    expect(await screen.findByRole("alert")).toHaveTextContent("NOT valid: entry 7 is the first bad one");
    expect(await screen.findByText(/NOT valid from entry 7 on/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Verify" }));
    expect(await screen.findByText(/valid, [\d,]+ entries/)).toBeInTheDocument();
    expect(screen.queryByText(/NOT valid/)).not.toBeInTheDocument();
  });

  it("lists from entry 0 on, with the actors' names as the gateway says them", async () => {
    signInAs("viewer");
    await open("/dashboard/ledger?order=oldest");
    await waitFor(() => expect(screen.getAllByRole("row")[1]).toHaveTextContent(/^0/));
  });

  it("says where it is not valid, and what to do", async () => {
    signInAs("viewer");
    const broken = { valid: false, entries: 40, first_bad: 1234, reason: "the link does not fit", checkpoint: null };
    server.use(http.get("*/api/v1/audit/verify", () => HttpResponse.json(broken)));
    const { user } = await open();
    await user.click(screen.getByRole("button", { name: "Verify" }));
    const alarm = await screen.findByRole("alert");
    expect(alarm).toHaveTextContent("NOT valid: entry 1,234 is the first bad one");
    expect(alarm).toHaveTextContent("the link does not fit");
    expect(alarm).toHaveTextContent("Stop the gateway");
  });

  it("opens one entry by its address", async () => {
    signInAs("viewer");
    const entry = db.entries[3];
    await open("/dashboard/ledger?entry=3");
    const drawer = await screen.findByRole("dialog", { name: "Entry 3" });
    expect(await within(drawer).findByText(entry?.kind ?? "")).toBeInTheDocument();
  });

  it("prunes only after the words were typed", async () => {
    signInAs("owner");
    const { size } = makeCheckpoint();
    const { user } = await open("/dashboard/ledger?tab=checkpoints");
    await user.click((await screen.findAllByRole("button", { name: "Prune …" }))[0] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    const prune = within(dialog).getByRole("button", { name: "Prune" });
    expect(prune).toBeDisabled();
    await user.type(within(dialog).getByRole("textbox"), `prune ${size}`);
    await user.click(prune);
    await waitFor(() => expect(db.pruned).toBe(size));
  });

  it("keeps approvers from pruning, and says why", async () => {
    signInAs("approver");
    makeCheckpoint();
    await open("/dashboard/ledger?tab=checkpoints");
    const [button] = await screen.findAllByRole("button", { name: "Prune …" });
    expect(button).toHaveAttribute("aria-disabled", "true");
  });

  it("offers to acknowledge only where the ledger contradicts its checkpoints", async () => {
    signInAs("owner");
    await open();
    await screen.findAllByRole("row");
    expect(screen.queryByRole("button", { name: "Acknowledge" })).not.toBeInTheDocument();
  });
});
