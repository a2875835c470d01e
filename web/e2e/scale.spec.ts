/** 10,000 pending and 100,000 past actions: the lists stay usable. What is fast is measured by `make bench`, not here. */
import { many } from "./support/many";
import { expect, test } from "./support/test";

const PENDING = 10_000;
const PAST = 100_000;

test.describe.configure({ timeout: 600_000 });

test("10,000 pending: the first page, the count, a filter and a decision", async ({ page, watch, scene }) => {
  await many(PENDING, (index) =>
    scene.ask({ path: `/charges/${index}`, intent: `bulk ${index}` }, index % 10 === 0 ? "support-bot" : "billing-bot"),
  );
  await page.goto(`${scene.gateway.origin}/dashboard/inbox`);
  await expect(page.getByRole("row", { name: /charges/ }).first()).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Rooms" }).first()).toContainText(/999\+|10,?000/);
  const inDocument = await page.getByRole("row").count();
  expect(inDocument, "only the rows in view are in the document").toBeLessThan(200);
  await page.goto(`${scene.gateway.origin}/dashboard/inbox?agent=support-bot`);
  await expect(page.getByRole("row", { name: /support-bot/ }).first()).toBeVisible();
  await expect(page.getByRole("row", { name: /billing-bot/ })).toHaveCount(0);
  await watch.check("the Inbox with 10,000 pending");
});

test("100,000 past actions: scrolls without a gap and finds one by its words", async ({ page, watch, scene }) => {
  await many(PAST, (index) =>
    scene.ask({ method: "GET", path: `/orders/${index}`, intent: index === 7 ? "find the needle" : "list" }),
  );
  await page.goto(`${scene.gateway.origin}/dashboard/activity`);
  await expect(page.getByRole("row", { name: /orders/ }).first()).toBeVisible();
  const rows = page.getByTestId("rows");
  for (let step = 0; step < 30; step += 1) {
    await rows.evaluate((box) => box.scrollBy(0, box.clientHeight * 4));
    await page.waitForTimeout(30);
  }
  await expect(page.getByRole("row", { name: /orders/ }).first()).toBeVisible();
  expect(await page.getByRole("row").count()).toBeLessThan(200);
  await page.goto(`${scene.gateway.origin}/dashboard/activity?q=needle`);
  await expect(page.getByRole("row", { name: /orders\/7\b/ })).toBeVisible({ timeout: 60_000 });
  await watch.check("Activity with 100,000 actions");
});
