import { screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { CommandPalette } from "./CommandPalette";
import { CommandPaletteTrigger } from "./CommandPaletteTrigger";
import { palette } from "./store";

afterEach(() => palette.close());

async function open(words: string) {
  const view = await render(
    <>
      <CommandPaletteTrigger />
      <CommandPalette />
    </>,
  );
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

  it("finds agents, and what waits", async () => {
    signInAs("viewer");
    const { user } = await open("deploy-bot");
    expect(await screen.findByText(/^DELETE .* on cluster$/)).toBeVisible();
    await user.click(await screen.findByText("deploy-bot", { exact: true }));
    expect(await elsewhere()).toBe("/dashboard/agents/deploy-bot");
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
