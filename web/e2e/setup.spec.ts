/** A gateway that was never onboarded, and one that started locked. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { Gateway, PASSPHRASE } from "./support/gateway";
import { chooseToken } from "./support/sign-in";
import { Watch } from "./support/watch";

const next = (page: Page) => page.getByRole("button", { name: "Continue" });

/** Types a new secret twice. */
async function newSecret(page: Page, label: string, secret: string): Promise<void> {
  await page.getByRole("textbox", { name: label, exact: true }).fill(secret);
  await page.getByRole("textbox", { name: `${label} again` }).fill(secret);
}

/** Goes through the wizard up to its review. */
async function fillIn(page: Page, operator: string): Promise<void> {
  await expect(page.getByRole("heading", { level: 1, name: "Set up your gateway" })).toBeVisible();
  await next(page).click();
  await page.getByRole("textbox", { name: "Your name as an operator" }).fill(operator);
  await newSecret(page, "Password", "a long enough password 42");
  await next(page).click();
  await newSecret(page, "Passphrase", PASSPHRASE);
  await next(page).click();
  await expect(page.getByRole("heading", { level: 1, name: "Review" })).toBeVisible();
}

test("the wizard of a fresh gateway makes the first operator and leads into Home, once", async ({ page, context }) => {
  // It looks at eleven places in both schemes and widths.
  test.setTimeout(600_000);
  const gateway = await Gateway.start({ isFresh: true });
  try {
    // 400: the token is tried with a draft that nobody can mean. 401: what was on its way while the page signed out.
    const watch = await Watch.over(page, [/status of 40[01]/]);
    const address = gateway.setupAddress();
    expect(address).toMatch(/\/setup#\S{40,}$/);
    const token = address.split("#")[1] ?? "";
    expect(gateway.log(), "the token never goes to the log").not.toContain(token);
    await page.goto(address);
    await expect(page, "the token leaves the address bar").toHaveURL(/\/setup$/);
    await expect(page.getByRole("heading", { level: 1, name: "Set up your gateway" })).toBeVisible();
    await watch.checkEverywhere("the first step");
    await next(page).click();
    await page.getByRole("textbox", { name: "Your name as an operator" }).fill("");
    await next(page).click();
    await expect(page.getByRole("textbox", { name: "Your name as an operator" })).toHaveAttribute(
      "aria-invalid",
      "true",
    );
    await watch.checkEverywhere("the operator's step, refused");
    await page.getByRole("textbox", { name: "Your name as an operator" }).fill("ada");
    await newSecret(page, "Password", "a long enough password 42");
    await watch.checkEverywhere("the operator's step");
    await next(page).click();
    await newSecret(page, "Passphrase", PASSPHRASE);
    await watch.checkEverywhere("the vault's step");
    await next(page).click();
    await expect(page.getByRole("heading", { level: 1, name: "Review" })).toBeVisible();
    await watch.checkEverywhere("the review");
    await page.getByRole("button", { name: "Set up" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Your gateway is set up" })).toBeVisible();
    await watch.checkEverywhere("done");
    await page.getByRole("button", { name: "Go to the dashboard" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    await watch.checkEverywhere("Home with the first steps");
    for (const [path, heading] of [
      ["inbox", "Inbox"],
      ["activity", "Activity"],
      ["agents", "Agents"],
      ["targets", "Targets"],
      ["ledger?tab=checkpoints", "Ledger"],
    ] as const) {
      await page.goto(`${gateway.origin}/dashboard/${path}`);
      await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
      await expect(page.getByRole("status", { name: /^Loading/ })).toHaveCount(0);
      await watch.checkEverywhere(`${heading}, empty`);
    }
    expect(existsSync(join(gateway.folder, "data", "setup-address")), "the address's file is gone").toBe(false);
    const second = await context.newPage();
    const watchSecond = await Watch.over(second);
    await second.goto(address);
    await expect(second.getByRole("heading", { level: 1, name: "Nothing to set up here" })).toBeVisible();
    await watchSecond.checkEverywhere("a dead address");
    expect(watchSecond.complaints).toEqual([]);
    await second.close();
    await page.goto(`${gateway.origin}/dashboard`);
    await page.getByRole("button", { name: "Signed in as ada" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    // Signing out forgets the session, not who signs in here.
    await expect(page.getByRole("textbox", { name: "Operator" })).toHaveValue("ada");
    await page.getByRole("textbox", { name: "Password" }).fill("a long enough password 42");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    expect(gateway.log()).not.toContain(token);
    expect(watch.complaints).toEqual([]);
  } finally {
    await gateway.end();
  }
});

test("of two who set up at once one wins, and the other is told", async ({ browser }) => {
  const gateway = await Gateway.start({ isFresh: true });
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  try {
    const address = gateway.setupAddress();
    const pages = await Promise.all(contexts.map((context) => context.newPage()));
    for (const [index, page] of pages.entries()) {
      await page.goto(address);
      await fillIn(page, index === 0 ? "ada" : "grace");
    }
    await Promise.all(pages.map((page) => page.getByRole("button", { name: "Set up" }).click()));
    const [won, lost] = ["Your gateway is set up", "Nothing to set up here"];
    const ends = await Promise.all(
      pages.map(async (page) => {
        const end = page.getByRole("heading", { level: 1, name: new RegExp(`${won}|${lost}`) });
        await expect(end).toBeVisible();
        return end.textContent();
      }),
    );
    expect(ends.sort()).toEqual([lost, won]);
    const winner = (await contexts[0]?.cookies())?.length ? pages[0] : pages[1];
    await winner?.getByRole("button", { name: "Go to the dashboard" }).click();
    await winner?.goto(`${gateway.origin}/dashboard/settings/operators`);
    const operators = winner?.getByRole("table", { name: "Operators" }).getByRole("row");
    await expect(operators as NonNullable<typeof operators>, "one operator and the heading").toHaveCount(2);
  } finally {
    for (const context of contexts) await context.close();
    await gateway.end();
  }
});

test("without the whole address nothing is set up, and five wrong tries kill it", async ({ page }) => {
  const gateway = await Gateway.start({ isFresh: true });
  try {
    // 423: whatever leads to the dashboard is told that there is nothing yet.
    const watch = await Watch.over(page, [/status of 4(00|01|10|23)/]);
    await page.goto(`${gateway.origin}/dashboard`);
    await expect(page.getByRole("heading", { level: 1, name: "Open the one-time address" })).toBeVisible();
    await watch.checkEverywhere("the address is missing");
    await page.getByRole("textbox", { name: "One-time address" }).fill(`${gateway.origin}/setup#truncated`);
    await next(page).click();
    await expect(page.getByText("not the whole address"), "no try is spent on it").toBeVisible();
    for (let round = 0; round < 5; round += 1) {
      await page.getByRole("textbox", { name: "One-time address" }).fill(`${gateway.origin}/setup#${"w".repeat(43)}`);
      await next(page).click();
      await expect(page.getByRole("heading", { level: 1, name: "Set up your gateway" })).toBeVisible();
      await next(page).click();
      if (round < 4) {
        await expect(page.getByRole("heading", { level: 1, name: "Open the one-time address" })).toBeVisible();
        await expect(page.getByText(/tr(y|ies) (is|are) left/)).toBeVisible();
      }
    }
    await page.goto(`${gateway.origin}/setup`);
    await expect(page.getByRole("heading", { level: 1, name: "Nothing to set up here" })).toBeVisible();
    expect(watch.complaints).toEqual([]);
  } finally {
    await gateway.end();
  }
});

test("a locked gateway shows its unlock page, says when the passphrase is wrong, and goes on after the right one", async ({
  page,
}) => {
  const gateway = await Gateway.start({ isLocked: true });
  try {
    const watch = await Watch.over(page, [/status of (401|403|423|503)/]);
    await page.goto(`${gateway.origin}/dashboard/ledger`);
    await expect(page).toHaveURL(/\/unlock/);
    const passphrase = page.getByRole("textbox", { name: "Passphrase of the vault" });
    await expect(passphrase).toBeFocused();
    await watch.checkEverywhere("the unlock page");
    await passphrase.fill("wrong-wrong-wrong-wrong");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert")).toContainText("This is not the passphrase");
    await watch.checkEverywhere("the unlock page, refused");
    await passphrase.fill(PASSPHRASE);
    await page.getByRole("button", { name: "Unlock" }).click();
    await expect(page).toHaveURL(/\/login\?next=/);
    await watch.checkEverywhere("the sign-in page");
    await chooseToken(page);
    await page.getByRole("textbox", { name: "Sign-in token" }).fill("cst_wrong");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await watch.checkEverywhere("the sign-in page, refused");
    await page.getByRole("textbox", { name: "Sign-in token" }).fill(gateway.token);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Ledger" }), "where it was going").toBeVisible();
    expect(watch.complaints).toEqual([]);
  } finally {
    await gateway.end();
  }
});
