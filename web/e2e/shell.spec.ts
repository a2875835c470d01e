import { rooms } from "./support/rooms";
import { chooseToken, signIn } from "./support/sign-in";
import { expect, test } from "./support/test";

test("the page comes with a policy that allows no inline code, a nonce of its own each time, and immutable assets", async ({
  scene,
  request,
}) => {
  const answers = await Promise.all([1, 2].map(() => request.get(`${scene.gateway.origin}/dashboard`)));
  const policies = answers.map((answer) => answer.headers()["content-security-policy"] ?? "");
  for (const [index, policy] of policies.entries()) {
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe-inline");
    expect(policy).not.toContain("unsafe-eval");
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    expect(nonce).toBeTruthy();
    expect(await answers[index]?.text()).toContain(`nonce="${nonce}"`);
    expect(answers[index]?.headers()["cache-control"]).toBe("no-store");
  }
  expect(policies[0]).not.toBe(policies[1]);
  const html = (await answers[0]?.text()) ?? "";
  expect(html).not.toContain("__CSP_NONCE__");
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? "";
  const asset = await request.get(scene.gateway.origin + script, { headers: { "accept-encoding": "br" } });
  expect(asset.headers()["cache-control"]).toContain("immutable");
  expect(asset.headers()["content-encoding"]).toBe("br");
  const missing = await request.get(`${scene.gateway.origin}/assets/missing-12345678.js`);
  expect(missing.status()).toBe(404);
});

test("signs in with the form, goes where it was going, and signs out, which forgets the session and keeps the theme", async ({
  browser,
  scene,
}) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${scene.gateway.origin}/dashboard/ledger`);
  await expect(page).toHaveURL(/\/login\?next=/);
  await signIn(page, scene.gateway, scene.gateway.token, "Ledger");
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  const kept = () => page.evaluate(() => Object.entries(localStorage).join("\n"));
  expect(await kept()).toContain("countersign-csrf");
  await page.getByRole("button", { name: /^Signed in as/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login/);
  expect(await kept()).not.toContain("countersign-csrf");
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await expect(page).toHaveURL(/\/login/);
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await expect(page.getByRole("radio", { name: "Sign-in token" })).toBeChecked();
  await context.close();
});

test("says so when the token is wrong, and keeps what was chosen", async ({ browser, scene }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${scene.gateway.origin}/login`);
  await chooseToken(page);
  await page.getByRole("textbox", { name: "Sign-in token" }).fill("cst_wrong");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("That did not sign you in");
  await expect(page).toHaveURL(/\/login/);
  await expect(page.getByRole("textbox", { name: "Sign-in token" })).toBeFocused();
  await context.close();
});

test("every room is reached by keyboard, and a reload stays there", async ({ page, watch, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard`);
  for (const room of rooms) {
    await page.keyboard.press("g");
    await page.keyboard.press(room.key);
    await expect(page.getByRole("heading", { level: 1, name: room.name })).toBeVisible();
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: room.name })).toBeVisible();
  }
  await watch.check("the last room");
});

test.describe("the palette", () => {
  test("finds a room by typing", async ({ page, scene }) => {
    await page.goto(`${scene.gateway.origin}/dashboard`);
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search or go to …").fill("ledg");
    await expect(page.getByRole("dialog").getByRole("button", { name: /^Ledger/ })).toBeVisible();
    // The first that is found is chosen already.
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "Ledger" })).toBeVisible();
  });

  test("finds an action by its words, an agent, and a command", async ({ page, scene, watch }) => {
    const id = await scene.ask({ path: "/charges/for-the-palette", intent: "xylophone lessons" });
    await page.goto(`${scene.gateway.origin}/dashboard`);
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    const palette = page.getByRole("dialog");
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search or go to …").fill("xylophone");
    await expect(palette).toContainText("/charges/for-the-palette");
    await watch.check("the palette with a request");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(id));
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search or go to …").fill("support-bot");
    await expect(palette.getByRole("button").first()).toHaveText(/^support-bot/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "support-bot" })).toBeVisible();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search or go to …").fill("verify");
    await expect(palette.getByRole("button").first()).toHaveText(/^Verify the ledger/);
    await page.keyboard.press("Enter");
    await expect(page.getByText("The ledger is valid")).toBeVisible();
    await scene.clear();
  });
});

test.describe("a session that ends", () => {
  test.use({ expected: [/status of 401/] });

  test("elsewhere leads to sign-in by itself", async ({ page, scene }) => {
    await page.goto(`${scene.gateway.origin}/dashboard`);
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    const sessions = await scene.gateway.call<{ items: { id: string; label: string }[] }>("GET", "/api/v1/sessions");
    for (const { id } of sessions.items) await scene.gateway.call("DELETE", `/api/v1/sessions/${id}`);
    await expect(page).toHaveURL(/\/login/);
  });
});

test("the theme is chosen, and stays after a reload", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("the kill switch stops everything, says so to every browser, and lets it go on", async ({
  page,
  watch,
  scene,
  browserOf,
}) => {
  const other = await browserOf(await scene.operator("bystander", "viewer"));
  await other.page.goto(`${scene.gateway.origin}/dashboard`);
  await expect(other.page.getByRole("button", { name: "Kill switch: nothing is stopped" })).toBeVisible();
  const waits = await scene.ask({ path: "/charges/stopped" });
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await page.getByRole("button", { name: /^Kill switch/ }).click();
  const dialog = page.getByRole("dialog", { name: "Kill switch" });
  await dialog.getByRole("radio", { name: "Everything" }).check();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("the bot went wild");
  await dialog.getByRole("button", { name: "Stop everything" }).click();
  await expect(dialog).toContainText("Stopped now");
  await watch.check("the kill switch, pulled");
  await expect(other.page.getByRole("button", { name: "Kill switch: Everything stopped" })).toBeVisible();
  expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${waits}`)).state).not.toBe("pending");
  await expect(scene.ask({ path: "/charges/while-stopped" })).rejects.toThrow(/kill|stopped/i);
  await dialog.getByRole("button", { name: "Release Everything" }).click();
  await page.getByRole("dialog", { name: "Release: Everything" }).getByRole("button", { name: "Release" }).click();
  await expect(dialog).toContainText("Nothing is stopped.");
  await expect(other.page.getByRole("button", { name: "Kill switch: nothing is stopped" })).toBeVisible();
  await scene.ask({ path: "/charges/goes-on" });
  await scene.clear();
});

test("what the header says on hover and focus is part of the page", async ({ page, watch, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  const tip = page.getByRole("tooltip");
  for (const name of [/^Live/, /^Kill switch/]) {
    await page.getByRole("button", { name }).hover();
    await expect(tip).toBeVisible();
    await watch.checkBoth(`the hint of ${name}`);
    await page.getByRole("heading", { level: 1 }).hover();
    await expect(tip).toHaveCount(0);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "Search or go to …" }).focus();
  await expect(tip).toBeVisible();
  await watch.check("the hint of the search on a phone");
});
