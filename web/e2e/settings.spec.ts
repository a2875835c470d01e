/** Who signs in and how, and how requests are decided: changed on the page, true in the gateway. */
import { PASSPHRASE } from "./support/gateway";
import { signIn } from "./support/sign-in";
import { expect, test } from "./support/test";

test.use({ world: "settings" });

test("each tab is in the address and reached by keyboard", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard/settings`);
  const tabs = page.getByRole("tab");
  await expect(tabs.first()).toBeVisible();
  const names = await tabs.allTextContents();
  expect(names.length).toBeGreaterThanOrEqual(6);
  await tabs.first().focus();
  for (let index = 1; index < names.length; index += 1) {
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await expect(tabs.nth(index)).toHaveAttribute("aria-selected", "true");
  }
  const address = page.url();
  expect(address).not.toMatch(/settings\/?$/);
  await page.reload();
  await expect(tabs.last()).toHaveAttribute("aria-selected", "true");
  expect(page.url()).toBe(address);
});

test("how long a request waits is changed, refused when it can't be, and undone", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard/settings/general`);
  const form = page.getByRole("form", { name: "Decisions" });
  const field = form.getByRole("textbox", { name: /^A request waits/ });
  const before = await field.inputValue();
  await field.fill("45m");
  await form.getByRole("button", { name: "Undo" }).click();
  await expect(field).toHaveValue(before);
  await field.fill("45m");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  const settings = await scene.gateway.call<{ approval_deadline_seconds: number }>("GET", "/api/v1/settings");
  expect(settings.approval_deadline_seconds).toBe(2_700);
});

test.describe("what is refused", () => {
  test.use({ expected: [/status of 400/] });

  test("is said at its field", async ({ page, scene }) => {
    await page.goto(`${scene.gateway.origin}/dashboard/settings/general`);
    const form = page.getByRole("form", { name: "Decisions" });
    const field = form.getByRole("textbox", { name: /^A request waits/ });
    await field.fill("1s");
    await form.getByRole("button", { name: "Save" }).click();
    await expect(form.getByText(/between 10 and/)).toBeVisible();
    await expect(field).toHaveAttribute("aria-invalid", "true");
  });
});

test("an operator is added, signs in, changes role, and is shut out by name", async ({ page, browser, scene }) => {
  const { origin } = scene.gateway;
  await page.goto(`${origin}/dashboard/settings/operators`);
  await page.getByRole("button", { name: "Add an operator" }).click();
  let dialog = page.getByRole("dialog", { name: "Add an operator" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("grace");
  await dialog.getByRole("button", { name: "Add the operator" }).click();
  dialog = page.getByRole("dialog", { name: "grace is an operator now" });
  const token = (await dialog.getByTestId("secret").textContent()) ?? "";
  expect(token).toMatch(/^cs_/);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  expect(await page.content()).not.toContain(token);

  const context = await browser.newContext();
  const theirs = await context.newPage();
  await signIn(theirs, scene.gateway, token);
  await expect(theirs.getByRole("button", { name: "Signed in as grace" })).toBeVisible();

  await page.getByRole("button", { name: "Actions for grace" }).click();
  await page.getByRole("menuitem", { name: "Change role" }).click();
  dialog = page.getByRole("dialog", { name: "Role of grace" });
  await dialog.getByRole("radio", { name: /^viewer/i }).check();
  await dialog.getByRole("button", { name: "Change the role" }).click();
  await expect(page.getByRole("row", { name: /grace/ })).toContainText(/viewer/i);

  await page.getByRole("button", { name: "Actions for grace" }).click();
  await page.getByRole("menuitem", { name: "Shut out" }).click();
  dialog = page.getByRole("dialog", { name: "Shut grace out" });
  await expect(dialog.getByRole("button", { name: "Shut out" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("grace");
  await dialog.getByRole("button", { name: "Shut out" }).click();
  await expect(page.getByRole("row", { name: /grace/ })).toContainText("shut out");
  await expect(theirs, "their browser is signed out").toHaveURL(/\/login/);
  await context.close();
});

test.describe("a session that ends", () => {
  // Its calls are refused, as they have to be.
  test.use({ expected: [/status of 401/] });

  test("other sessions are ended, this one stays", async ({ page, scene, browserOf }) => {
    const token = await scene.operator("twice", "approver");
    const mine = await browserOf(token);
    const elsewhere = await browserOf(token);
    await elsewhere.page.goto(`${scene.gateway.origin}/dashboard`);
    await expect(elsewhere.page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    await mine.page.goto(`${scene.gateway.origin}/dashboard/settings/sessions`);
    await mine.page.getByRole("button", { name: "End my other sessions" }).click();
    await mine.page
      .getByRole("dialog")
      .getByRole("button", { name: /^End (it|all)/ })
      .click();
    await expect(elsewhere.page).toHaveURL(/\/login/);
    await expect(mine.page.getByRole("table", { name: "Sessions" }).getByText("this one")).toBeVisible();
    await expect(mine.page.getByRole("button", { name: "End my other sessions" })).toHaveAttribute(
      "aria-disabled",
      "true",
    );
    await page.goto(`${scene.gateway.origin}/dashboard`);
    await expect(page.getByRole("heading", { level: 1, name: "Home" }), "nobody else's session ended").toBeVisible();
  });
});

test("a password is set, and signs in", async ({ browser, scene, browserOf }) => {
  const { page } = await browserOf(await scene.operator("pat", "approver"));
  await page.goto(`${scene.gateway.origin}/dashboard/settings/sign-in`);
  await page.getByRole("button", { name: "Set a password" }).click();
  const dialog = page.getByRole("dialog", { name: "Set your password" });
  await dialog.getByRole("textbox", { name: "New password", exact: true }).fill("four words are enough");
  await dialog.getByRole("textbox", { name: "New password again" }).fill("four words are enuff");
  await dialog.getByRole("button", { name: "Set the password" }).click();
  await expect(dialog.getByText("This is not the same as above.")).toBeVisible();
  await dialog.getByRole("textbox", { name: "New password again" }).fill("four words are enough");
  await dialog.getByRole("button", { name: "Set the password" }).click();
  await expect(dialog).toBeHidden();
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(`${scene.gateway.origin}/login`);
  await other.getByRole("textbox", { name: "Operator" }).fill("pat");
  await other.getByRole("textbox", { name: "Password" }).fill("four words are enough");
  await other.keyboard.press("Enter");
  await expect(other.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await context.close();
});

test.describe("the vault", () => {
  test.use({ expected: [/status of 40[13]/] });

  test("gets another passphrase, after the one before was proved", async ({ page, watch, scene }) => {
    await page.goto(`${scene.gateway.origin}/dashboard/settings/vault`);
    await page.getByRole("button", { name: "Change the passphrase" }).click();
    const dialog = page.getByRole("dialog", { name: "Change the passphrase of the vault" });
    const current = dialog.getByRole("textbox", { name: "Passphrase as it is" });
    await current.fill("wrong wrong wrong wrong");
    await dialog.getByRole("textbox", { name: "New passphrase", exact: true }).fill("another horse battery staple");
    await dialog.getByRole("textbox", { name: "New passphrase again" }).fill("another horse battery staple");
    await dialog.getByRole("button", { name: "Change the passphrase" }).click();
    await expect(dialog.getByText("This is not the passphrase: nothing was changed.")).toBeVisible();
    await watch.checkEverywhere("a wrong passphrase");
    await current.fill(PASSPHRASE);
    await dialog.getByRole("button", { name: "Change the passphrase" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByText("The passphrase is changed")).toBeVisible();
  });
});
