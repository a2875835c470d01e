import { screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { KillSwitch } from "./KillSwitch";
import { closeKillSwitch } from "./store";

afterEach(closeKillSwitch);

describe("the kill switch", () => {
  it("stops everything, says so in words, and releases it", async () => {
    signInAs("approver");
    const { user } = await render(<KillSwitch />, { isLive: true });
    await user.click(await screen.findByRole("button", { name: "Kill switch: nothing is stopped" }));
    const box = within(await screen.findByRole("dialog", { name: "Kill switch" }));
    await user.type(box.getByRole("textbox", { name: "Reason" }), "it deletes invoices");
    await user.click(box.getByRole("button", { name: "Stop everything" }));
    expect(await box.findByText(/it deletes invoices/)).toBeVisible();
    expect(screen.getByRole("status")).toHaveTextContent("Kill switch: Everything stopped");
    expect(db.actions.some(({ state }) => state === "pending")).toBe(false);
    await user.click(box.getByRole("button", { name: "Release Everything" }));
    const ask = within(await screen.findByRole("dialog", { name: "Release: Everything" }));
    await user.click(ask.getByRole("button", { name: "Release" }));
    await waitFor(() => expect(db.kills).toEqual([]));
    expect(await box.findByText("Nothing is stopped.")).toBeVisible();
  });

  it("stops one agent, by name", async () => {
    signInAs("owner");
    const { user } = await render(<KillSwitch />);
    await user.click(await screen.findByRole("button", { name: /Kill switch/ }));
    const box = within(await screen.findByRole("dialog", { name: "Kill switch" }));
    await user.click(box.getByRole("radio", { name: "One agent" }));
    await user.click(box.getByRole("button", { name: "Stop the agent" }));
    expect(await box.findByText("Choose the agent.")).toBeVisible();
    await waitFor(() => expect(box.getByRole("option", { name: "deploy-bot" })).toBeInTheDocument());
    await user.selectOptions(box.getByRole("combobox", { name: /Agent/ }), "deploy-bot");
    await user.click(box.getByRole("button", { name: "Stop the agent" }));
    expect(await box.findByText("Agent deploy-bot")).toBeVisible();
  });

  it("shows a viewer the state and why they can't pull it", async () => {
    signInAs("viewer");
    const { user } = await render(<KillSwitch />);
    await user.click(await screen.findByRole("button", { name: /Kill switch/ }));
    const box = within(await screen.findByRole("dialog", { name: "Kill switch" }));
    expect(box.getByRole("button", { name: "Stop everything" })).toHaveAttribute("aria-disabled", "true");
    expect(box.getByText(/You are signed in as viewer/)).toBeVisible();
  });
});
