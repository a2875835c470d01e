import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { db } from "@/mock-api/db";
import { move } from "@/mock-api/flow";
import { render } from "@/mock-api/render";
import { arrive, signInAs } from "@/mock-api/seed";
import { ActivityPage } from "./ActivityPage";

beforeEach(() => {
  // jsdom lays nothing out: the list needs a height to have rows.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(820);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1_200);
});

const open = (at = "/dashboard/activity", isLive = false) => render(<ActivityPage />, { at, isLive });
const rows = async () => {
  await screen.findAllByRole("cell");
  return screen.getAllByRole("row").slice(1);
};

describe("the Activity", () => {
  it("lists actions, newest first, to those who may only look", async () => {
    signInAs("viewer");
    await open();
    const newest = [...db.actions].sort((a, b) => (a.created_at < b.created_at ? 1 : -1))[0];
    expect((await rows())[0]).toHaveTextContent(newest?.action ?? "");
  });

  it("names what hides in an action, on hover, too (requirement 27)", async () => {
    signInAs("viewer");
    arrive({ agent: "shop-assistant", target: "payments", action: "POST /a\u202eb" });
    await open();
    await rows();
    expect(screen.getByTitle("POST /a[U+202E right-to-left override]b")).toBeInTheDocument();
  });

  it("narrows by the address and goes back to everything", async () => {
    signInAs("viewer");
    const { user, router } = await open("/dashboard/activity?state=denied");
    for (const row of await rows()) expect(row).toHaveTextContent("denied");
    await user.click(screen.getByRole("button", { name: "Clear all" }));
    await waitFor(() => expect(router.state.location.search).toEqual({}));
  });

  it("writes what is searched for into the address", async () => {
    signInAs("viewer");
    const { user, router } = await open();
    await rows();
    await user.type(screen.getByRole("searchbox", { name: "Search actions" }), "refund{Enter}");
    await waitFor(() => expect(router.state.location.search).toMatchObject({ q: "refund" }));
  });

  it("tells a list that nothing fits from one where nothing happened yet", async () => {
    signInAs("viewer");
    await open("/dashboard/activity?q=nothinglikethis");
    expect(await screen.findByText("No action fits the filters")).toBeInTheDocument();
  });

  it("says how to fill it before the first action", async () => {
    signInAs("viewer");
    db.actions.length = 0;
    await open();
    expect(await screen.findByText("No action yet")).toBeInTheDocument();
    expect(screen.getByText("countersign demo")).toBeInTheDocument();
  });

  it("leaves what the filter does not take any more where it stands, until the list is at its top again", async () => {
    signInAs("viewer");
    const action = arrive({ agent: "shop-assistant", target: "payments", action: "POST /decided-meanwhile" });
    await open("/dashboard/activity?state=pending", true);
    await screen.findByText(/decided-meanwhile/);
    const box = screen.getByTestId("rows");
    fireEvent.scroll(box, { target: { scrollTop: 400 } });
    move(action, "denied", "action.denied");
    const row = () => screen.queryByText(/decided-meanwhile/)?.closest('[role="row"]');
    await waitFor(() => expect(row()).toHaveTextContent("denied"));
    fireEvent.scroll(box, { target: { scrollTop: 0 } });
    await waitFor(() => expect(row()).toBeUndefined());
  });

  it("shows at once what arrives", async () => {
    signInAs("viewer");
    await open("/dashboard/activity", true);
    await rows();
    const before = db.actions.length;
    arrive({ agent: "shop-assistant", target: "payments", action: "POST /brand-new" });
    const cell = await screen.findByText(/brand-new/);
    expect(db.actions).toHaveLength(before + 1);
    expect(within(cell.closest('[role="row"]') as HTMLElement).getByText("pending")).toBeInTheDocument();
  });
});
