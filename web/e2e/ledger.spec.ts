/** The ledger: entries as they come, verified, exported, pruned; and what it says when somebody put an older one in its place. */
import { readFileSync } from "node:fs";
import { expect, test } from "./support/test";

test.use({ world: "ledger" });

test("entries appear as they come, and one opens with all its fields", async ({ page, watch, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard/ledger`);
  const table = page.getByRole("table", { name: "Ledger entries" });
  const rows = table.getByRole("row");
  await expect(rows.nth(1)).toBeVisible();
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
  const before = await rows.nth(1).textContent();
  const id = await scene.ask({ path: "/charges/for-the-ledger" });
  await expect(rows.nth(1)).not.toHaveText(before ?? "");
  await rows.nth(1).focus();
  await page.keyboard.press("Enter");
  const entry = page.getByRole("dialog", { name: /^Entry/ });
  await expect(entry).toContainText("Chain value");
  await expect(entry.getByRole("link", { name: id })).toBeVisible();
  await watch.checkEverywhere("an entry");
  const title = await entry.getByRole("heading").first().textContent();
  await entry.getByRole("button", { name: "The entry before this one" }).click();
  await expect(entry.getByRole("heading").first()).not.toHaveText(title ?? "");
  await page.reload();
  await expect(page.getByRole("dialog", { name: /^Entry/ }), "the address says which").toBeVisible();
  await page.keyboard.press("Escape");
  await expect(entry).toBeHidden();
});

test("filters are in the address: they survive a reload, and Back", async ({ page, scene }) => {
  const id = await scene.ask({ path: "/charges/filtered" });
  await scene.ask({ path: "/charges/other" });
  await page.goto(`${scene.gateway.origin}/dashboard/ledger`);
  const rows = page.getByRole("table", { name: "Ledger entries" }).getByRole("row");
  await expect(rows.nth(4)).toBeVisible();
  await page.getByRole("searchbox", { name: "Id of an action" }).fill(id);
  await expect(page).toHaveURL(new RegExp(`action=${id}`));
  await expect.poll(() => rows.count()).toBeLessThan(6);
  const filtered = await rows.count();
  await page.reload();
  await expect(page.getByRole("searchbox", { name: "Id of an action" })).toHaveValue(id);
  await expect(rows).toHaveCount(filtered);
  await page.getByRole("link", { name: "Agents" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Agents" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("searchbox", { name: "Id of an action" })).toHaveValue(id);
  await expect(rows).toHaveCount(filtered);
  await page.getByRole("button", { name: "Clear all" }).click();
  await expect(page).not.toHaveURL(/action=/);
  await expect.poll(() => rows.count()).toBeGreaterThan(filtered);
});

test("it verifies, makes a checkpoint, and exports what can be verified elsewhere", async ({ page, watch, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard/ledger`);
  await page.getByRole("button", { name: "Make a checkpoint" }).click();
  await page.getByRole("tab", { name: "Checkpoints" }).click();
  const checkpoints = page.getByRole("table", { name: "Checkpoints" }).getByRole("row");
  await expect(checkpoints.nth(1)).toContainText("entries");
  await page.getByRole("button", { name: "Verify" }).click();
  await expect(page.getByText(/^The ledger is valid: [\d,]+ entries checked/)).toBeVisible();
  await expect(page.getByText("a signed checkpoint vouches for the first")).toBeVisible();
  await watch.checkEverywhere("verified");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Export" }).click(),
  ]);
  const exported = readFileSync(await download.path(), "utf8");
  expect(exported.length).toBeGreaterThan(1_000);
  expect(exported).toContain("chain");
});

test("pruning has to be typed, and the ledger verifies afterwards", async ({ page, scene }) => {
  await scene.gateway.call("POST", "/api/v1/audit/checkpoints");
  await page.goto(`${scene.gateway.origin}/dashboard/ledger?tab=checkpoints`);
  const newest = page.getByRole("table", { name: "Checkpoints" }).getByRole("row").nth(1);
  await newest.getByRole("button", { name: "Prune …" }).click();
  const dialog = page.getByRole("dialog", { name: /^Prune the entries before/ });
  const words = (await dialog.locator("label code").textContent()) ?? "";
  expect(words).toMatch(/^prune \d+$/);
  await expect(dialog.getByRole("button", { name: "Prune", exact: true })).toBeDisabled();
  await dialog.getByRole("textbox").fill(words);
  await dialog.getByRole("button", { name: "Prune", exact: true }).click();
  await expect(page.getByText(/entries were pruned/)).toBeVisible();
  await page.getByRole("button", { name: "Verify" }).click();
  await expect(page.getByText(/^The ledger is valid/)).toBeVisible();
});

test("an older ledger in its place is said in red, and has to be acknowledged by typing it", async ({
  page,
  watch,
  scene,
}) => {
  const { gateway } = scene;
  await gateway.stop();
  gateway.copy("data", "older");
  await gateway.launch();
  for (let index = 0; index < 20; index += 1) await scene.ask({ method: "GET", path: `/orders/lost-${index}` });
  await gateway.call("POST", "/api/v1/audit/checkpoints");
  await gateway.stop();
  gateway.copy("data/checkpoints.txt", "checkpoints.txt");
  gateway.copy("older", "data");
  gateway.copy("checkpoints.txt", "data/checkpoints.txt");
  await gateway.launch();
  await page.goto(`${gateway.origin}/dashboard/ledger`);
  const alarm = page.getByRole("alert").first();
  await expect(alarm).toBeVisible();
  await watch.checkEverywhere("the alarm");
  await page.setViewportSize({ width: 1440, height: 900 });
  await alarm.getByRole("button", { name: "Acknowledge" }).click();
  const dialog = page.getByRole("dialog", { name: /^Acknowledge/ });
  await expect(dialog.getByRole("button", { name: "Acknowledge" })).toBeDisabled();
  await watch.checkEverywhere("acknowledging");
  await page.setViewportSize({ width: 1440, height: 900 });
  await dialog.getByRole("textbox").fill("acknowledge");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await expect(dialog).toBeHidden();
  await scene.ask({ path: "/charges/after-the-acknowledgement" });
  await expect(page.getByRole("alert")).toHaveCount(0);
});
