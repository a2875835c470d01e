import { screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { afterEach, describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { arrive, signInAs } from "@/mock-api/seed";
import { server } from "@/mock-api/server";
import { CommandPaletteTrigger } from "./CommandPaletteTrigger";
import { closePalette } from "./store";

afterEach(closePalette);

async function open(words: string) {
  const view = await render(<CommandPaletteTrigger />);
  await view.user.keyboard("{Control>}k{/Control}");
  await view.user.type(await screen.findByRole("textbox", { name: "Search or go to" }), words);
  return view;
}

const elsewhere = async () => (await screen.findByTestId("elsewhere")).textContent;

describe("the command palette", () => {
  it("goes to a room by keyboard", async () => {
    signInAs("viewer");
    const { user } = await open("ledg");
    await screen.findByText("Can I prove it?");
    await user.keyboard("{Enter}");
    expect(await elsewhere()).toBe("/dashboard/ledger");
  });

  it("finds an action by words that only the gateway knows", async () => {
    signInAs("viewer");
    const { user } = await open("nightly migration");
    await user.click(await screen.findByText(/POST \/apis\/batch/));
    const { id } = db.actions.find(({ intent }) => intent.includes("nightly")) ?? {};
    expect(await elsewhere()).toBe(`/dashboard/activity/${id}`);
  });

  it("takes the first that is found on Enter, also where the gateway found it after the last key", async () => {
    signInAs("viewer");
    const { user } = await open("nightly migration");
    await screen.findByText(/POST \/apis\/batch/);
    await user.keyboard("{Enter}");
    const { id } = db.actions.find(({ intent }) => intent.includes("nightly")) ?? {};
    expect(await elsewhere()).toBe(`/dashboard/activity/${id}`);
  });

  it("leaves chosen what an arrow key chose, whatever comes later", async () => {
    signInAs("viewer");
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    server.use(
      http.get("*/api/v1/agents", async () => {
        await asked;
        return HttpResponse.json({ items: [{ id: "a1", name: "settings-bot" }], next: null });
      }),
    );
    const { user } = await open("settings");
    await screen.findByText("Settings: Vault");
    await user.keyboard("{ArrowDown}");
    answer();
    await screen.findByText("settings-bot");
    await user.keyboard("{Enter}");
    expect(await elsewhere()).toBe("/dashboard/settings/operators");
  });

  it("finds agents, and what waits", async () => {
    signInAs("viewer");
    const { user } = await open("deploy-bot");
    expect(await screen.findByText(/^DELETE .* on cluster$/)).toBeVisible();
    await user.click(await screen.findByText("deploy-bot", { exact: true }));
    expect(await elsewhere()).toBe("/dashboard/agents/deploy-bot");
  });

  it.each([
    ["kill", "Kill switch"],
    ["sign out", "Sign out"],
  ])("%s stands first, whatever an agent asks for and says why", async (words, command) => {
    signInAs("viewer");
    for (let count = 0; count < 8; count += 1)
      arrive({
        agent: "shop-assistant",
        target: "payments",
        action: `POST /kill-${count}/sign out`,
        intent: `kill switch sign out ${count}`,
        urgency: "critical",
      });
    await open(words);
    expect((await screen.findAllByText(/POST \/kill-/)).length).toBeGreaterThan(0);
    const [first] = screen.getAllByRole("button").filter((button) => button.closest('[role="dialog"]'));
    expect(first).toHaveTextContent(command);
  });

  it("finds what waits by its action, not by what the agent says why", async () => {
    signInAs("viewer");
    server.use(http.get("*/api/v1/actions", () => HttpResponse.json({ items: [], next: null })));
    arrive({ agent: "shop-assistant", target: "payments", action: "POST /one", intent: "verify the ledger now" });
    await open("verify the ledger");
    expect(await screen.findByText("Verify the ledger")).toBeVisible();
    expect(screen.queryByText(/POST \/one/)).toBeNull();
  });

  it("verifies the ledger", async () => {
    signInAs("viewer");
    const { user } = await open("verify");
    await user.click(await screen.findByText("Verify the ledger"));
    await waitFor(() => expect(screen.getByText("The ledger is valid")).toBeVisible());
  });

  it("says that nothing was found", async () => {
    signInAs("viewer");
    await open("zzzzqqq");
    expect(await screen.findByText(/Nothing found/)).toBeVisible();
  });
});
