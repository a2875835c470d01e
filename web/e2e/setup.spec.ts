/** A gateway that was never onboarded, and one that started locked. */
import { expect, test } from "@playwright/test";
import { Gateway, PASSPHRASE } from "./support/gateway";
import { Watch } from "./support/watch";

test("the wizard of a fresh gateway makes the first operator and leads into Home, once", async ({ page, context }) => {
  const gateway = await Gateway.start({ isFresh: true });
  try {
    const watch = await Watch.over(page);
    const address = gateway.setupAddress();
    expect(address).toMatch(/\/setup#\S{40,}$/);
    expect(gateway.log()).not.toContain(address.split("#")[1]);
    await page.goto(address);
    await expect(page).toHaveURL(/\/setup$/);
    await watch.check("the first step");
    await page.getByRole("button", { name: /^(Begin|Start|Next|Continue)/ }).click();
    await page
      .getByRole("textbox", { name: /operator|name/i })
      .first()
      .fill("ada");
    await page
      .getByRole("textbox", { name: /^password/i })
      .or(page.getByLabel(/^password/i))
      .first()
      .fill("a long enough password 42");
    await watch.check("the operator's step");
    await page.getByRole("button", { name: /^(Next|Continue)/ }).click();
    await page
      .getByLabel(/^passphrase/i)
      .first()
      .fill(PASSPHRASE);
    const again = page.getByLabel(/again|repeat/i);
    if (await again.count()) await again.first().fill(PASSPHRASE);
    await watch.check("the vault's step");
    await page.getByRole("button", { name: /^(Next|Continue|Review)/ }).click();
    await page.getByRole("button", { name: /set up|finish|create/i }).click();
    await page
      .getByRole("button", { name: /dashboard|open countersign|go to/i })
      .or(page.getByRole("link", { name: /dashboard|home/i }))
      .first()
      .click();
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible({ timeout: 30_000 });
    const second = await context.newPage();
    await second.goto(address);
    await expect(second.getByText(/already|no longer|closed|used/i).first()).toBeVisible();
  } finally {
    await gateway.end();
  }
});

test("a locked gateway shows its unlock page, says when the passphrase is wrong, and goes on after the right one", async ({
  page,
}) => {
  const gateway = await Gateway.start({ isLocked: true });
  try {
    const watch = await Watch.over(page, [/status of 4\d\d/]);
    await page.goto(`${gateway.origin}/dashboard/ledger`);
    await expect(page).toHaveURL(/\/unlock/);
    await watch.check("the unlock page");
    await page
      .getByLabel(/passphrase/i)
      .first()
      .fill("wrong-wrong-wrong-wrong");
    await page.getByRole("button", { name: /unlock/i }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await page
      .getByLabel(/passphrase/i)
      .first()
      .fill(PASSPHRASE);
    await page.getByRole("button", { name: /unlock/i }).click();
    await expect(page).toHaveURL(/\/login/, { timeout: 20_000 });
  } finally {
    await gateway.end();
  }
});
