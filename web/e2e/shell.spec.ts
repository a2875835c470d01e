import { rooms } from "./support/rooms";
import { signIn } from "./support/sign-in";
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

test("signs in with the form, goes where it was going, and signs out", async ({ browser, scene }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${scene.gateway.origin}/dashboard/ledger`);
  await expect(page).toHaveURL(/\/login\?next=/);
  await signIn(page, scene.gateway, scene.gateway.token, "Ledger");
  await page.getByRole("button", { name: /^Signed in as/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await expect(page).toHaveURL(/\/login/);
  await context.close();
});

test("says so when the token is wrong, and keeps what was chosen", async ({ browser, scene }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${scene.gateway.origin}/login`);
  await page.getByRole("tab", { name: /token/i }).click();
  await page.getByLabel("Sign-in token", { exact: true }).fill("cst_wrong");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveURL(/\/login/);
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

test("the palette finds a room by typing", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search or go to …").fill("ledg");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Ledger" })).toBeVisible();
});

test("a session that is ended elsewhere leads to sign-in within a second or two", async ({ page, scene }) => {
  await page.goto(`${scene.gateway.origin}/dashboard`);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  const sessions = await scene.gateway.call<{ items: { id: string; label: string }[] }>("GET", "/api/v1/sessions");
  for (const { id } of sessions.items) await scene.gateway.call("DELETE", `/api/v1/sessions/${id}`);
  await expect(page).toHaveURL(/\/login/, { timeout: 5_000 });
});
