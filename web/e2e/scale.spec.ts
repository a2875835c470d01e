/**
 * 10,000 pending and 100,000 past actions: the lists stay usable. What is fast is measured by `make bench`, not here.
 *
 * The past ones are made by hundreds of calls at once, which the gateway writes down in groups.
 */
import { many } from "./support/many";
import { expect, test } from "./support/test";

const PENDING = 10_000;
const PAST = 100_000;
/** As many as one agent and the gateway take at once. */
const AT_ONCE = 256;

test.describe.configure({ timeout: 600_000 });

test.describe("10,000 pending", () => {
  test.use({ world: "pending" });

  test("the first page, the count, a filter, the last row and a decision", async ({ page, watch, scene }) => {
    await many(
      PENDING,
      (index) =>
        scene.ask(
          { path: `/charges/${index}`, intent: `bulk ${index}` },
          index % 10 === 0 ? "support-bot" : "billing-bot",
        ),
      AT_ONCE,
    );
    const rows = page.getByRole("list", { name: "Pending requests" }).getByRole("listitem");
    await page.goto(`${scene.gateway.origin}/dashboard/inbox`);
    await expect(rows.first()).toBeVisible();
    await expect(page.getByRole("navigation", { name: "Rooms" }).first()).toContainText(/999\+|10,?000/);
    expect(await rows.count(), "only the rows in view are in the document").toBeLessThan(100);
    await watch.check("the Inbox with 10,000 pending");
    const box = page.getByRole("list", { name: "Pending requests" }).locator("..");
    for (let step = 0; step < 20; step += 1) {
      await box.evaluate((element) => element.scrollBy(0, element.clientHeight * 5));
      await page.waitForTimeout(50);
    }
    await expect(rows.first()).toBeVisible();
    expect(await rows.count()).toBeLessThan(100);
    await page.goto(`${scene.gateway.origin}/dashboard/inbox?agent=support-bot`);
    await expect(rows.first()).toContainText("support-bot");
    await expect(rows.filter({ hasText: "billing-bot" })).toHaveCount(0);
    await expect(page.getByRole("article")).toBeVisible();
    await page.waitForTimeout(500);
    await page.keyboard.press("a");
    await expect(page.getByRole("article").getByRole("status", { name: "Outcome" })).toContainText("approved by you");
  });
});

test.describe("100,000 past", () => {
  test.use({ world: "past" });

  test("scrolls without a gap and finds one by its words", async ({ page, watch, scene }) => {
    await many(
      PAST,
      (index) =>
        scene.ask({ method: "GET", path: `/orders/${index}`, intent: index === 7 ? "find the needle" : "list" }),
      AT_ONCE,
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
});
