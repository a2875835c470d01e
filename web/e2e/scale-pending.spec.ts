/** 10,000 pending requests: the Inbox stays usable. What is fast is measured by `make bench`, not here. */
import { armed } from "./support/armed";
import { many } from "./support/many";
import { expect, test } from "./support/test";

const PENDING = 10_000;
/** As many calls as are made at once to fill the gateway. */
const AT_ONCE = 256;

test.use({ world: "pending" });
test.describe.configure({ timeout: 600_000 });

test("the first page, the count, a filter, the last row and a decision", async ({ page, watch, scene }) => {
  await scene.gateway.call("PATCH", "/api/v1/settings", { approvals: { pending_per_agent: PENDING } });
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
  await armed(page.getByRole("article"));
  await page.keyboard.press("a");
  await expect(page.getByRole("article").getByRole("status", { name: "Outcome" })).toContainText("approved by you");
});
