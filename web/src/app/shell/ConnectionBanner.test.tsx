import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { InboxPage } from "@/features/inbox/InboxPage";
import { db } from "@/mock-api/db";
import { breakStreams } from "@/mock-api/handlers/events";
import { render } from "@/mock-api/render";
import { arrive, signInAs } from "@/mock-api/seed";
import { server } from "@/mock-api/server";
import { LiveProvider } from "../live";
import { ConnectionBanner } from "./ConnectionBanner";

const full = () =>
  HttpResponse.json(
    {
      status: 429,
      code: "too_many_streams",
      title: "Too Many Requests",
      detail: "All places for live streams are taken.",
    },
    { status: 429 },
  );

async function show(pollMs = 200) {
  signInAs("owner");
  db.actions = db.actions.filter(({ state }) => state !== "pending");
  return await render(
    <LiveProvider pollMs={pollMs}>
      <ConnectionBanner />
      <InboxPage />
    </LiveProvider>,
    { at: "/dashboard/inbox" },
  );
}
beforeEach(() => {
  // jsdom lays nothing out: a list sees as much as it says here.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(400);
});
const banner = () => screen.findByRole("button", { name: "Try now" });

describe("a page that is not live", () => {
  it("says why in the gateway's words, and asks for what waits by itself", async () => {
    server.use(http.get("*/api/v1/events", full));
    const { user } = await show();
    await screen.findByText("Nothing waits for you");
    arrive({ agent: "shop-assistant", target: "payments", action: "POST /unannounced" });
    const list = await screen.findByRole("list", { name: "Pending requests" });
    expect(within(list).getByText("POST /unannounced")).toBeVisible();
    await banner();
    expect(
      screen.getByText(/Not live: All places for live streams are taken\. What waits .* every 10 seconds/),
    ).toBeVisible();
    expect(screen.queryByText(/does not answer/)).toBeNull();
    server.resetHandlers();
    await user.click(await banner());
    await waitFor(() => expect(screen.queryByText(/Not live/)).toBeNull());
  });

  it("asks again when the stream first opens: what came before it is told by no event", async () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    server.use(http.get("*/api/v1/events", () => opened.then(() => undefined)));
    await show(60_000);
    await screen.findByText("Nothing waits for you");
    arrive({ agent: "shop-assistant", target: "payments", action: "POST /between" });
    open();
    expect(await screen.findByText("POST /between")).toBeVisible();
    breakStreams();
  });

  it("says that the gateway does not answer only where it does not", async () => {
    server.use(http.get("*/api/v1/events", () => HttpResponse.error()));
    await show();
    await banner();
    expect(screen.getByText(/The gateway does not answer\. What you see may be old/)).toBeVisible();
  });

  it("asks for nothing by itself while it is live", async () => {
    let asked = 0;
    server.use(
      http.get("*/api/v1/approvals", () => {
        asked += 1;
        return HttpResponse.json({ items: [], next: null });
      }),
    );
    await show(50);
    await screen.findByText("Nothing waits for you");
    // The first opening of the stream asks once more.
    await waitFor(() => expect(asked).toBeGreaterThan(1));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(asked).toBe(before);
    breakStreams();
  });
});
