import { screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { csrf } from "@/api/session";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { server } from "@/mock-api/server";
import { UserMenu } from "./UserMenu";

async function signOut() {
  signInAs("owner");
  const view = await render(<UserMenu />);
  await view.user.click(await screen.findByRole("button", { name: "Signed in as owner" }));
  await view.user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
  return view;
}

describe("signing out", () => {
  it("ends the session, forgets its token and leads to the sign-in page", async () => {
    await signOut();
    expect(await screen.findByTestId("elsewhere")).toHaveTextContent("/login");
    expect(db.current).toBeUndefined();
    expect(csrf.get()).toBe("");
  });

  it.each([
    ["the gateway does not answer", () => HttpResponse.error(), /does not answer/],
    [
      "the gateway refuses",
      () => HttpResponse.json({ status: 503, code: "busy", detail: "the store is busy: try again" }, { status: 503 }),
      /the store is busy/,
    ],
  ])("stays and says that one is still signed in when %s", async (_, answer, why) => {
    server.use(http.delete("*/api/v1/sessions/me", answer));
    const { user } = await signOut();
    const notice = await screen.findByRole("alert");
    expect(notice).toHaveTextContent("You are still signed in: try again");
    expect(notice).toHaveTextContent(why);
    expect(screen.queryByTestId("elsewhere")).toBeNull();
    expect(csrf.get()).not.toBe("");
    server.resetHandlers();
    await user.click(await screen.findByRole("button", { name: "Signed in as owner" }));
    await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
    expect(await screen.findByTestId("elsewhere")).toHaveTextContent("/login");
    await waitFor(() => expect(screen.queryByText(/still signed in/)).toBeNull());
  });

  it("leaves where the session has ended already", async () => {
    server.use(
      http.delete("*/api/v1/sessions/me", () =>
        HttpResponse.json({ status: 401, code: "unauthenticated", detail: "a credential is needed" }, { status: 401 }),
      ),
    );
    await signOut();
    expect(await screen.findByTestId("elsewhere")).toHaveTextContent("/login");
    expect(csrf.get()).toBe("");
  });
});
