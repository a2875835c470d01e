import { act, screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ADVANCED_ARMING_MS, ARMING_MS } from "@/components/approval/useArming";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { arrive, signInAs } from "@/mock-api/seed";
import type { ActionParts } from "@/mock-api/seed/actions";
import { server } from "@/mock-api/server";
import { InboxPage } from "./InboxPage";

/** Lets the clock go on only where a test says so: what is refused for a moment is so for as long as the machine needs. */
function clock(): (milliseconds: number) => void {
  let now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now);
  return (milliseconds) => {
    now += milliseconds;
  };
}
const part = (change: Partial<ActionParts>): ActionParts => ({
  agent: "shop-assistant",
  target: "payments",
  action: "POST /charges",
  body: { amount: 1 },
  ...change,
});

async function show(at = "/dashboard/inbox", { isLive = false, as = "owner" as "owner" | "viewer" } = {}) {
  signInAs(as);
  const view = await render(<InboxPage />, { at, isLive });
  return view;
}
const rows = () => within(screen.getByRole("list", { name: "Pending requests" })).getAllByRole("listitem");
const names = () => rows().map((row) => within(row).getByRole("link").textContent);
const open = () => screen.getByRole("heading", { level: 2 }).textContent;

beforeEach(() => {
  // The seed's own pending requests would stand between those of a test.
  db.actions = db.actions.filter(({ state }) => state !== "pending");
  // jsdom lays nothing out: a list sees as much as it says here.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(400);
});

describe("InboxPage", () => {
  it("says what it is for when nothing waits", async () => {
    await show();
    expect(await screen.findByText("Nothing waits for you")).toBeVisible();
  });

  it("lists the most urgent first, then the oldest, and opens the first", async () => {
    arrive(part({ action: "POST /late", age: 1 }));
    arrive(part({ action: "POST /early", age: 9 }));
    arrive(part({ action: "POST /critical", urgency: "critical", age: 3 }));
    await show();
    await screen.findByRole("list", { name: "Pending requests" });
    expect(names()).toHaveLength(3);
    expect(names()[0]).toContain("POST /critical");
    expect(names()[1]).toContain("POST /early");
    expect(names()[2]).toContain("POST /late");
    await waitFor(() => expect(open()).toBe("POST /critical"));
    expect(rows()[0]?.querySelector("[aria-current]")).not.toBeNull();
  });

  it("moves, approves and denies by keys, and goes on to the next", async () => {
    const first = arrive(part({ action: "POST /one", age: 5 }));
    const second = arrive(part({ action: "POST /two", age: 4 }));
    const pass = clock();
    const { user } = await show();
    await waitFor(() => expect(open()).toBe("POST /one"));
    await user.keyboard("j");
    await waitFor(() => expect(open()).toBe("POST /two"));
    await user.keyboard("k");
    await waitFor(() => expect(open()).toBe("POST /one"));
    pass(ARMING_MS);
    await user.keyboard("a");
    await waitFor(() => expect(first.state).not.toBe("pending"));
    expect(second.state).toBe("pending");
    expect(await screen.findByRole("status", { name: "Outcome" })).toBeVisible();
    await waitFor(() => expect(open()).toBe("POST /two"));
    await screen.findByRole("button", { name: "Approve" });
    // It came by itself: a second press of the key is not for it.
    pass(ARMING_MS);
    await user.keyboard("a");
    expect(await screen.findByText(/has only just appeared/)).toBeVisible();
    expect(second.state).toBe("pending");
    pass(ADVANCED_ARMING_MS - ARMING_MS);
    await user.keyboard("d");
    await user.type(await screen.findByRole("textbox", { name: "Reason (optional)" }), "no, a j k a{Enter}");
    await waitFor(() => expect(second.state).toBe("denied"));
    expect(second.votes[0]).toMatchObject({ note: "no, a j k a" });
  });

  it("does nothing by keys while somebody types, and says why it does not approve what has unseen parts", async () => {
    const action = arrive(part({ body: "x\n".repeat(400) }));
    const pass = clock();
    const { user } = await show();
    await screen.findByRole("button", { name: "Approve" });
    pass(ARMING_MS);
    await user.click(screen.getByRole("searchbox"));
    await user.keyboard("a");
    await act(() => (document.activeElement as HTMLElement).blur());
    await user.keyboard("a");
    expect(await screen.findAllByText("Open all of the body before you approve.")).not.toHaveLength(0);
    expect(action.state).toBe("pending");
  });

  it("shows a new request live, announces it and keeps the open one", async () => {
    arrive(part({ action: "POST /one", age: 5 }));
    await show("/dashboard/inbox", { isLive: true });
    await waitFor(() => expect(open()).toBe("POST /one"));
    arrive(part({ action: "POST /urgent", urgency: "critical" }));
    await waitFor(() => expect(names()[0]).toContain("POST /urgent"));
    expect(
      screen.getByText(/New request: shop-assistant wants POST \/urgent on payments, critical urgency/),
    ).toBeInTheDocument();
    expect(open()).toBe("POST /one");
  });

  it("holds back what would move the rows under the pointer", async () => {
    arrive(part({ action: "POST /one", age: 5 }));
    const { user } = await show("/dashboard/inbox", { isLive: true });
    await waitFor(() => expect(open()).toBe("POST /one"));
    await user.hover(rows()[0] as HTMLElement);
    arrive(part({ action: "POST /urgent", urgency: "critical" }));
    const more = await screen.findByRole("button", { name: "1 new: show" });
    expect(rows()).toHaveLength(1);
    await user.click(more);
    expect(names()[0]).toContain("POST /urgent");
  });

  it("selects for a batch, leaves out what has to be read by itself, and reports each failure", async () => {
    const [one, two] = [arrive(part({ action: "POST /one", age: 5 })), arrive(part({ action: "POST /two", age: 4 }))];
    const third = arrive(part({ action: "DELETE /three", effect: "destructive", age: 3 }));
    const folded = arrive(part({ action: "POST /folded", body: "x\n".repeat(400), age: 2 }));
    const hidden = arrive(part({ action: "POST /hidden", body: "a\u202eb", age: 1 }));
    server.use(
      http.post(`*/api/v1/approvals/${two.id}/approve`, () =>
        HttpResponse.json(
          { status: 409, code: "already_decided", title: "Conflict", detail: "Request already denied" },
          { status: 409 },
        ),
      ),
    );
    const { user } = await show();
    await screen.findByRole("list", { name: "Pending requests" });
    await user.keyboard("x");
    await user.click(screen.getByRole("checkbox", { name: "Select POST /two of shop-assistant" }));
    expect(screen.getByRole("button", { name: "Approve 2 …" })).toBeVisible();
    await user.click(screen.getByRole("checkbox", { name: "Select all that match" }));
    await user.click(screen.getByRole("checkbox", { name: "Select all that match" }));
    await user.click(await screen.findByRole("button", { name: "Approve 5 …" }));
    const dialog = await screen.findByRole("dialog");
    const out = within(await within(dialog).findByRole("list", { name: "Left out" }));
    expect(out.getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/DELETE \/three.*destructive/),
        expect.stringMatching(/POST \/folded.*long part/),
        expect.stringMatching(/POST \/hidden.*hidden or misleading/),
      ]),
    );
    await user.click(within(dialog).getByRole("button", { name: "Open the next" }));
    await user.click(within(dialog).getByRole("button", { name: "Approve 2" }));
    expect(await within(dialog).findByText(/1 request approved; 1 could not be/)).toBeVisible();
    expect(within(dialog).getByRole("list", { name: "Failures" })).toHaveTextContent("Request already denied");
    expect(one.state).not.toBe("pending");
    for (const action of [third, folded, hidden]) expect(action.state).toBe("pending");
  });

  it("names what hides in an action also where only plain text can stand (requirement 27)", async () => {
    arrive(part({ action: "POST /a\u202eb\n", age: 2 }));
    await show("/dashboard/inbox", { isLive: true });
    expect(
      await screen.findByRole("checkbox", {
        name: "Select POST /a[U+202E right-to-left override]b[LF] of shop-assistant",
      }),
    ).toBeVisible();
    arrive(part({ action: "POST /c\u200bd" }));
    expect(
      await screen.findByText(/New request: .* wants POST \/c\[U\+200B zero width space\]d on/),
    ).toBeInTheDocument();
  });

  it("tells a viewer why they can't decide a batch", async () => {
    arrive(part({}));
    const { user } = await show("/dashboard/inbox", { as: "viewer" });
    await user.click(await screen.findByRole("checkbox", { name: /Select POST \/charges/ }));
    expect(screen.getByRole("button", { name: "Approve 1 …" })).toHaveAttribute("aria-disabled", "true");
  });

  it("lists its keys", async () => {
    const { user } = await show();
    await screen.findByText("Nothing waits for you");
    await user.keyboard("?");
    expect(await screen.findByRole("dialog", { name: "Keys" })).toHaveTextContent("Deny, with a reason");
  });

  it("keeps few rows in the document, however many wait", async () => {
    for (let count = 0; count < 1_000; count += 1) arrive(part({ action: `POST /charges/${count}` }));
    await show();
    await screen.findByRole("list", { name: "Pending requests" });
    expect(rows().length).toBeLessThan(60);
  });
});
