/** What the page exists for: see what waits, read every byte, decide. */
import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";

const inbox = (origin: string, search = "") => `${origin}/dashboard/inbox${search}`;
const card = (page: Page) => page.getByRole("article", { name: /^Request/ });

async function opened(page: Page, origin: string): Promise<void> {
  await page.goto(inbox(origin));
  await expect(page.getByRole("heading", { level: 1, name: "Inbox" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
}

test.afterEach(async ({ scene }) => {
  const waiting = await scene.gateway.call<{ items: { id: string }[] }>("GET", "/api/v1/approvals?limit=200");
  for (const { id } of waiting.items)
    await scene.gateway.call("POST", `/api/v1/approvals/${id}/deny`, { note: "end of test" });
});

test("a request arrives without reload, is read, approved by keyboard, and seen executed", async ({
  page,
  watch,
  scene,
}) => {
  await opened(page, scene.gateway.origin);
  const id = await scene.ask({
    path: "/charges/arrives",
    body: { amount: 1999, note: "for order 77" },
    intent: "charge order 77",
  });
  const row = page.getByRole("row", { name: /charges\/arrives/ });
  await expect(row).toBeVisible();
  await page.keyboard.press("j");
  await expect(card(page)).toContainText("charge order 77");
  await expect(card(page)).toContainText('"note":"for order 77"');
  await expect(card(page)).toContainText(scene.upstream.origin.replace("http://", ""));
  await watch.check("the card of a pending request");
  await page.keyboard.press("a");
  await expect(card(page).or(page.getByRole("status"))).toContainText(/approved/i);
  await scene.execute(id);
  await page.goto(`${scene.gateway.origin}/dashboard/activity/${id}`);
  await expect(page.getByText("succeeded").first()).toBeVisible();
  expect(scene.upstream.calls).toContain("POST /charges/arrives");
});

test("deny takes a reason, and the agent's request is over", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  const id = await scene.ask({ path: "/charges/refused" });
  await expect(page.getByRole("row", { name: /charges\/refused/ })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("d");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("not this customer");
  await dialog.getByRole("button", { name: /^Deny/ }).click();
  await expect(dialog).toBeHidden();
  const detail = await scene.gateway.call<{ state: string; votes: { note?: string }[] }>(
    "GET",
    `/api/v1/actions/${id}`,
  );
  expect(detail.state).toBe("denied");
  expect(JSON.stringify(detail.votes)).toContain("not this customer");
});

test("of two browsers that decide at once one wins, and the other is told who", async ({ page, scene, browserOf }) => {
  const other = await browserOf(await scene.operator("second", "approver"));
  const id = await scene.ask({ path: "/charges/both" });
  for (const each of [page, other.page]) {
    await each.goto(inbox(scene.gateway.origin, `?id=${id}`));
    await expect(card(each).getByRole("button", { name: /^Approve/ })).toBeEnabled();
  }
  await Promise.all(
    [page, other.page].map((each) =>
      card(each)
        .getByRole("button", { name: /^Approve/ })
        .click(),
    ),
  );
  const detail = await scene.gateway.call<{ state: string; votes: unknown[] }>("GET", `/api/v1/actions/${id}`);
  expect(detail.state).toBe("approved");
  expect(detail.votes).toHaveLength(1);
  for (const each of [page, other.page])
    await expect(card(each).getByRole("button", { name: /^Approve/ })).toBeHidden();
});

test("what somebody else decides while one looks shows who it was", async ({ page, scene, browserOf }) => {
  const other = await browserOf(await scene.operator("quicker", "approver"));
  const id = await scene.ask({ path: "/charges/first" });
  await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
  await expect(card(page).getByRole("button", { name: /^Approve/ })).toBeEnabled();
  await other.page.goto(inbox(scene.gateway.origin, `?id=${id}`));
  await card(other.page)
    .getByRole("button", { name: /^Approve/ })
    .click();
  await expect(card(page)).toContainText("quicker");
  await expect(card(page)).toContainText(/approved/i);
});

test("a request expires under the approver's eyes", async ({ page, scene }) => {
  await scene.gateway.call("PATCH", "/api/v1/settings", { approval_deadline_seconds: 4 });
  try {
    const id = await scene.ask({ path: "/charges/late" });
    await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
    await expect(card(page).getByRole("button", { name: /^Approve/ })).toBeVisible();
    await expect(card(page)).toContainText(/expired/i, { timeout: 15_000 });
    await expect(card(page).getByRole("button", { name: /^Approve/ })).toBeHidden();
  } finally {
    await scene.gateway.call("PATCH", "/api/v1/settings", { approval_deadline_seconds: 3_600 });
  }
});

test("a request that goes stale while one looks says so instead of running", async ({ page, scene }) => {
  const id = await scene.ask({ path: "/charges/drift" });
  await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
  await expect(card(page).getByRole("button", { name: /^Approve/ })).toBeEnabled();
  const credential = { target: "payments", type: "bearer", value: "sk-upstream-replaced-77c1d8e64b05" };
  await scene.gateway.call("POST", "/api/v1/credentials", credential);
  const calls = scene.upstream.calls.length;
  await card(page)
    .getByRole("button", { name: /^Approve/ })
    .click();
  await scene.execute(id).catch(() => undefined);
  await page.goto(`${scene.gateway.origin}/dashboard/activity/${id}`);
  await expect(page.getByText("stale").first()).toBeVisible();
  expect(scene.upstream.calls).toHaveLength(calls);
});

test("the page survives a restart of the gateway and shows what came meanwhile", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  await scene.gateway.stop();
  await expect(page.getByText("The gateway does not answer.", { exact: false }).first()).toBeVisible({
    timeout: 15_000,
  });
  await scene.gateway.launch();
  await scene.ask({ path: "/charges/after-restart" });
  await expect(page.getByRole("row", { name: /charges\/after-restart/ })).toBeVisible({ timeout: 20_000 });
});

test.describe("hostile payloads are shown and contained", () => {
  const samples: Record<string, { body: unknown; shown: RegExp }> = {
    script: {
      body: '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
      shown: /<script>/,
    },
    ansi: { body: "before \u001b[2J\u001b[31mred\u0007 after", shown: /ESC/ },
    bidi: { body: "pay \u202Ecba\u202C to \u2066x\u2069", shown: /U\+202E/i },
    invisible: { body: "a\u200Bb\u200Dc\uFEFFd\u{E0041}e", shown: /U\+200B/i },
    long: { body: `start ${"x".repeat(5_000)} end`, shown: /start/ },
  };
  for (const [name, { body, shown }] of Object.entries(samples)) {
    test(name, async ({ page, watch, scene }) => {
      const id = await scene.ask({
        path: `/charges/hostile-${name}`,
        body,
        intent: typeof body === "string" ? body.slice(0, 200) : "",
      });
      await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
      await expect(card(page)).toContainText(shown);
      await expect(page).toHaveTitle(/Countersign$/);
      await watch.check(`a payload with ${name}`);
    });
  }

  test("a megabyte must be opened before it can be approved", async ({ page, scene }) => {
    const body = Array.from({ length: 16_000 }, (_, line) => `line ${line} ${"y".repeat(55)}`).join("\n");
    const id = await scene.ask({ path: "/charges/hostile-megabyte", body });
    await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
    await expect(card(page)).toContainText("line 0 ");
    await expect(card(page).getByRole("button", { name: /^Approve/ })).not.toBeEnabled();
    await page.keyboard.press("a");
    expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state).toBe("pending");
  });
});

test("the keys do nothing while one types", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  const id = await scene.ask({ path: "/charges/typing" });
  await expect(page.getByRole("row", { name: /charges\/typing/ })).toBeVisible();
  await page.keyboard.press("j");
  await page
    .getByRole("searchbox")
    .or(page.getByPlaceholder(/search/i))
    .first()
    .fill("aaa ddd");
  expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state).toBe("pending");
});
