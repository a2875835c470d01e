/** What happened: live, filtered, searched, in detail. */
import { expect, test } from "./support/test";

test.use({ world: "activity" });

test("actions appear as they come, and change their state before one's eyes", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard/activity`);
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
  const id = await scene.ask({ path: "/charges/live" });
  const row = page.getByRole("row", { name: /charges\/live/ });
  await expect(row).toContainText("pending");
  await scene.gateway.call("POST", `/api/v1/approvals/${id}/approve`, {});
  await expect(row).toContainText("approved");
  await scene.execute(id);
  await expect(row).toContainText("succeeded");
});

test("filters are in the address: they survive a reload, and Back", async ({ page, scene }) => {
  await scene.ask({ path: "/charges/by-support", intent: "a gramophone" }, "support-bot");
  await scene.ask({ path: "/charges/by-billing", intent: "a gramophone" }, "billing-bot");
  const { origin } = scene.gateway;
  await page.goto(`${origin}/dashboard/activity`);
  await expect(page.getByRole("row", { name: /by-billing/ })).toBeVisible();
  const search = page.getByRole("search");
  await search.getByRole("button", { name: "Agent", exact: true }).click();
  await page.getByRole("dialog", { name: "Agent" }).getByRole("radio", { name: "support-bot" }).check();
  await page.keyboard.press("Escape");
  await search.getByRole("searchbox", { name: "Search actions" }).fill("gramophone");
  await expect(page).toHaveURL(/agent=support-bot/);
  await expect(page).toHaveURL(/q=gramophone/);
  await expect(page.getByRole("row", { name: /by-support/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /by-billing/ })).toHaveCount(0);
  await page.reload();
  await expect(search.getByRole("searchbox", { name: "Search actions" })).toHaveValue("gramophone");
  await expect(search.getByRole("button", { name: "Agent: support-bot" })).toBeVisible();
  await expect(page.getByRole("row", { name: /by-support/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /by-billing/ })).toHaveCount(0);
  await page.getByRole("row", { name: /by-support/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "POST /charges/by-support" })).toBeVisible();
  await page.goBack();
  await expect(search.getByRole("searchbox", { name: "Search actions" })).toHaveValue("gramophone");
  await expect(page.getByRole("row", { name: /by-support/ })).toBeVisible();
  await search.getByRole("button", { name: "Clear all" }).click();
  await expect(page.getByRole("row", { name: /by-billing/ })).toBeVisible();
  await expect(page).not.toHaveURL(/agent=|q=/);
});

test("the detail shows who asked, the trace, the bodies with what is secret masked, and the entries", async ({
  page,
  watch,
  scene,
}) => {
  const id = await scene.ask({
    path: "/charges/detail",
    body: { amount: 7, note: "nothing secret" },
    headers: { "x-trace": "abc" },
  });
  await scene.gateway.call("POST", `/api/v1/approvals/${id}/approve`, { note: "looks right" });
  await scene.execute(id);
  await page.goto(`${scene.gateway.origin}/dashboard/activity/${id}`);
  const main = page.getByRole("main");
  await expect(main).toContainText("looks right");
  await expect(main).toContainText('"note":"nothing secret"');
  await expect(main).toContainText('"path":"/charges/detail"');
  await expect(main).toContainText("succeeded");
  await expect(main).toContainText("x-trace");
  expect(await page.content(), "the credential never reaches the page").not.toContain("sk-upstream");
  await watch.checkEverywhere("the detail");
});

test("what waits is taken back, after a question", async ({ page, scene }) => {
  const id = await scene.ask({ path: "/charges/taken-back" });
  await page.goto(`${scene.gateway.origin}/dashboard/activity/${id}`);
  await page.getByRole("button", { name: "Take back" }).click();
  await page.getByRole("dialog", { name: "Take the action back?" }).getByRole("button", { name: "Take back" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByText("cancelled").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Take back" })).toHaveCount(0);
});
