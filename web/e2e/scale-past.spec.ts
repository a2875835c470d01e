/** 100,000 past actions: Activity stays usable. What is fast is measured by `make bench`, not here. */
import { many } from "./support/many";
import { expect, test } from "./support/test";

const PAST = 100_000;
/** As many calls as are made at once to fill the gateway. */
const AT_ONCE = 256;

test.use({ world: "past" });
test.describe.configure({ timeout: 600_000 });

test("scrolls without a gap and finds one by its words", async ({ page, watch, scene }) => {
  await many(
    PAST,
    (index) => scene.ask({ method: "GET", path: `/orders/${index}`, intent: index === 7 ? "find the needle" : "list" }),
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
