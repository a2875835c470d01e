/** From nothing to an agent that acts on a target, and back to nothing, on the page alone. */
import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";
import { Upstream } from "./support/upstream";

test.use({ world: "configure" });

const dialog = (page: Page, name: string | RegExp) => page.getByRole("dialog", { name });

/** Deletes what a page is about: its name has to be typed. */
async function deleteByName(page: Page, noun: string, name: string): Promise<void> {
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  const asked = dialog(page, `Delete ${name}`);
  const go = asked.getByRole("button", { name: `Delete the ${noun}` });
  await expect(go).toBeDisabled();
  await asked.getByRole("textbox").fill(name.slice(0, -1));
  await expect(go).toBeDisabled();
  await asked.getByRole("textbox").fill(name);
  await go.click();
  await expect(asked).toBeHidden();
}

test("a target, its credential, a profile; an agent, its key, a grant; a call; and all of it deleted", async ({
  page,
  watch,
  scene,
}) => {
  test.setTimeout(300_000);
  const { gateway, upstream } = scene;

  await page.goto(`${gateway.origin}/dashboard/targets`);
  await page.getByRole("button", { name: "Add a target" }).click();
  let open = dialog(page, "Add a target");
  await open.getByRole("button", { name: "Add and test" }).click();
  await expect(open.getByRole("textbox", { name: "Name" })).toHaveAttribute("aria-invalid", "true");
  await open.getByRole("textbox", { name: "Name" }).fill("orders");
  await open.getByRole("textbox", { name: "Base URL" }).fill(upstream.origin);
  await open.getByRole("checkbox", { name: "Allow the private network" }).check();
  await open.getByRole("button", { name: "Add and test" }).click();
  open = dialog(page, "Target orders is added");
  await expect(open).toContainText("The target answers");
  await watch.checkEverywhere("a target is added");
  await page.setViewportSize({ width: 1440, height: 900 });
  await open.getByRole("button", { name: "Set its credential" }).click();

  await expect(page).toHaveURL(/\/targets\/orders\/credentials/);
  await page.getByRole("button", { name: "Set the credential" }).click();
  open = dialog(page, "Set the credential of orders");
  await open.getByRole("textbox", { name: "Token" }).fill("sk-orders-8812f00d");
  await open.getByRole("button", { name: "Set the credential" }).click();
  await expect(open).toBeHidden();
  await expect(page.getByText("Bearer token", { exact: false }).first()).toBeVisible();
  await page.getByRole("button", { name: "Replace" }).click();
  open = dialog(page, "Replace the credential of orders");
  await expect(open.getByRole("textbox", { name: "Token" })).toHaveValue("");
  await open.getByRole("textbox", { name: "Token" }).fill("sk-orders-replaced-17");
  await open.getByRole("button", { name: "Replace" }).click();
  await expect(open).toBeHidden();
  await expect(page.getByText(/replaced 1 time/)).toBeVisible();
  expect(await page.content(), "no secret stands in the page").not.toContain("sk-orders");

  await page.getByRole("tab", { name: /^Profiles/ }).click();
  await page.getByRole("button", { name: "Add a profile" }).click();
  open = dialog(page, "Add a profile to orders");
  await open.getByRole("textbox", { name: "Name" }).fill("staging");
  await open.getByRole("button", { name: "Add the profile" }).click();
  await expect(page.getByRole("row", { name: /staging/ })).toBeVisible();
  await page.getByRole("button", { name: "Remove staging" }).click();
  open = dialog(page, "Remove staging");
  await open.getByRole("textbox").fill("staging");
  await open.getByRole("button", { name: "Remove the profile" }).click();
  await expect(page.getByRole("row", { name: /staging/ })).toHaveCount(0);

  await page.goto(`${gateway.origin}/dashboard/agents`);
  await page.getByRole("button", { name: "Add an agent" }).click();
  open = dialog(page, "Add an agent");
  await open.getByRole("textbox", { name: "Name" }).fill("order-bot");
  await open.getByRole("textbox", { name: "Description" }).fill("ships orders");
  await open.getByRole("button", { name: "Add the agent" }).click();
  open = dialog(page, "Agent order-bot is added");
  const key = (await open.getByTestId("secret").textContent()) ?? "";
  expect(key).toMatch(/^cs_/);
  await watch.checkEverywhere("an agent is added, its key shown once");
  await page.setViewportSize({ width: 1440, height: 900 });
  await open.getByRole("button", { name: "Go to its grants" }).click();

  await expect(page).toHaveURL(/\/agents\/order-bot\/grants/);
  await page.getByRole("button", { name: "Add a grant" }).click();
  open = dialog(page, "Add a grant for order-bot");
  await open.getByRole("combobox", { name: "Target" }).selectOption("orders");
  await open.getByRole("textbox", { name: "Action" }).fill("GET /orders/*");
  await open.getByRole("radio", { name: "allow" }).check();
  await open.getByRole("button", { name: "Add the grant" }).click();
  const grant = page.getByRole("row", { name: /GET \/orders\/\*/ });
  await expect(grant).toBeVisible();

  const ask = () =>
    gateway.call<{ state: string }>(
      "POST",
      "/api/v1/actions",
      { target: "orders", action: "GET /orders/1", intent: "look" },
      key,
    );
  expect((await ask()).state, "the key and the grant work").toMatch(/approved|succeeded/);

  await grant.getByRole("button", { name: /^Remove the grant/ }).click();
  await expect(grant).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(grant).toBeVisible();

  await page.getByRole("tab", { name: /^Keys/ }).click();
  await page.getByRole("button", { name: "Add a key" }).click();
  open = dialog(page, "Add a key for order-bot");
  await open.getByRole("textbox", { name: "Name" }).fill("laptop");
  await open.getByRole("button", { name: "Make the key" }).click();
  open = dialog(page, "Key laptop is made");
  const second = (await open.getByTestId("secret").textContent()) ?? "";
  await open.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "Revoke laptop" }).click();
  await dialog(page, "Revoke laptop").getByRole("button", { name: "Revoke the key" }).click();
  await expect(page.getByRole("row", { name: /laptop/ })).toContainText("revoked");
  await expect(gateway.call("GET", "/api/v1/actions", undefined, second)).rejects.toThrow(/401/);

  await page.getByRole("button", { name: "Stop", exact: true }).click();
  open = dialog(page, "Stop order-bot");
  await open.getByRole("textbox", { name: "Reason" }).fill("a look at it first");
  await open.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByRole("button", { name: "Kill switch: 1 stopped" })).toBeVisible();
  await expect(ask()).rejects.toThrow(/kill|stopped/i);
  await page.getByRole("button", { name: "Release", exact: true }).click();
  await dialog(page, "Release order-bot").getByRole("button", { name: "Release" }).click();
  await expect(page.getByRole("button", { name: "Kill switch: nothing is stopped" })).toBeVisible();
  await ask();

  await deleteByName(page, "agent", "order-bot");
  await expect(page.getByRole("heading", { level: 1, name: "Agents" })).toBeVisible();
  await expect(page.getByRole("row", { name: /order-bot/ })).toHaveCount(0);
  await expect(ask()).rejects.toThrow(/401/);
  await page.goto(`${gateway.origin}/dashboard/targets/orders`);
  await deleteByName(page, "target", "orders");
  await expect(page.getByRole("heading", { level: 1, name: "Targets" })).toBeVisible();
  await expect(page.getByRole("row", { name: /orders/ })).toHaveCount(0);
  await page.goto(`${gateway.origin}/dashboard/ledger`);
  await expect(
    page.getByRole("row", { name: /Target removed/ }).first(),
    "the ledger keeps that it was there",
  ).toBeVisible();
});

test("what another operator changes shows without reload", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard/agents`);
  await expect(page.getByRole("row", { name: /billing-bot/ })).toBeVisible();
  await scene.gateway.call("POST", "/api/v1/agents", { name: "late-bot", description: "came later" });
  await expect(page.getByRole("row", { name: /late-bot/ })).toBeVisible();
});

test("a target that does not answer is saved, and said not to answer", async ({ page, watch, scene }) => {
  // A port on which nobody listens any more.
  const upstream = await Upstream.start();
  const closed = upstream.origin;
  await upstream.end();
  await page.goto(`${scene.gateway.origin}/dashboard/targets`);
  await page.getByRole("button", { name: "Add a target" }).click();
  const form = dialog(page, "Add a target");
  await form.getByRole("textbox", { name: "Name" }).fill("nowhere");
  await form.getByRole("textbox", { name: "Base URL" }).fill(closed);
  await form.getByRole("checkbox", { name: "Allow the private network" }).check();
  await form.getByRole("button", { name: "Add and test" }).click();
  const added = dialog(page, "Target nowhere is added");
  await expect(added).toContainText("The target was not reached");
  await watch.checkEverywhere("a target that does not answer");
  await page.setViewportSize({ width: 1440, height: 900 });
  await added.getByRole("button", { name: "Open the target" }).click();
  await page.getByRole("button", { name: "Test connection" }).click();
  await expect(page.getByRole("status").filter({ hasText: "The target was not reached" })).toBeVisible();
});
