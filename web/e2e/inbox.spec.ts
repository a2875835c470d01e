/** What the page exists for: see what waits, read every byte, decide. */
import type { Page } from "@playwright/test";
import { armed } from "./support/armed";
import { expect, test } from "./support/test";

const inbox = (origin: string, search = "") => `${origin}/dashboard/inbox${search}`;
const card = (page: Page) => page.getByRole("article");
const rows = (page: Page) => page.getByRole("list", { name: "Pending requests" }).getByRole("listitem");
const row = (page: Page, text: string) => rows(page).filter({ hasText: text });
const approveButton = (page: Page) => card(page).getByRole("button", { name: "Approve", exact: true });

/** What a decision that comes too late is answered with; browsers log it. */
const REFUSED = [/status of 409/];

/** Until the stream is open, the page is told nothing of what happens. */
async function live(page: Page): Promise<void> {
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
}

async function opened(page: Page, origin: string): Promise<void> {
  await page.goto(inbox(origin));
  await expect(page.getByRole("heading", { level: 1, name: "Inbox" })).toBeVisible();
  await live(page);
}

test.afterEach(({ scene }) => scene.clear());

test("a request arrives without reload, is read, approved by keyboard, and seen executed", async ({
  page,
  watch,
  scene,
}) => {
  await opened(page, scene.gateway.origin);
  await page.evaluate(() => Object.assign(window, { isSamePage: true }));
  const id = await scene.ask({
    path: "/charges/arrives",
    body: { amount: 1999, note: "for order 77" },
    intent: "charge order 77",
  });
  await expect(row(page, "/charges/arrives")).toBeVisible();
  await page.keyboard.press("j");
  await expect(card(page)).toContainText("charge order 77");
  await expect(card(page)).toContainText('"note":"for order 77"');
  await expect(card(page)).toContainText(scene.upstream.origin.replace("http://", ""));
  await watch.check("the card of a pending request");
  await page.keyboard.press("a");
  await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("approved by you");
  await scene.execute(id);
  await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("succeeded");
  expect(scene.upstream.calls).toContain("POST /charges/arrives");
  await card(page)
    .getByRole("link", { name: /^Timeline/ })
    .click();
  await expect(page.getByRole("heading", { level: 1, name: "POST /charges/arrives" })).toBeVisible();
  await expect(page.getByText("succeeded").first()).toBeVisible();
  expect(await page.evaluate(() => "isSamePage" in window), "the page was not loaded again").toBe(true);
});

test("a destructive one needs Enter after the key", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  const id = await scene.ask({ method: "DELETE", path: "/customers/9" });
  await armed(card(page), "/customers/9");
  await page.keyboard.press("a");
  await expect(approveButton(page)).toBeFocused();
  expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state).toBe("pending");
  await page.keyboard.press("Enter");
  await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("approved by you");
});

test("deny takes a reason, and the agent's request is over", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  const id = await scene.ask({ path: "/charges/refused" });
  await armed(card(page), "/charges/refused");
  await page.keyboard.press("d");
  const reason = card(page).getByRole("textbox", { name: /^Reason/ });
  await expect(reason).toBeFocused();
  await page.keyboard.type("not this customer");
  await page.keyboard.press("Enter");
  await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("denied by you");
  const detail = await scene.gateway.call<{ state: string; votes: { note?: string }[] }>(
    "GET",
    `/api/v1/actions/${id}`,
  );
  expect(detail.state).toBe("denied");
  expect(JSON.stringify(detail.votes)).toContain("not this customer");
});

test("a batch shows what it covers, and each of it is decided by itself", async ({ page, watch, scene }) => {
  await opened(page, scene.gateway.origin);
  const ids = [];
  for (let index = 0; index < 5; index += 1) ids.push(await scene.ask({ path: `/charges/batch-${index}` }));
  const destructive = await scene.ask({ method: "DELETE", path: "/charges/batch-destructive" });
  await expect(rows(page)).toHaveCount(6);
  await page.getByRole("checkbox", { name: "Select all that match" }).check();
  await page.getByRole("button", { name: /^Approve 6/ }).click();
  const dialog = page.getByRole("dialog", { name: "Approve several requests" });
  await expect(dialog.getByRole("list", { name: "Requests of this batch" })).toContainText("/charges/batch-3");
  await expect(dialog.getByRole("button", { name: /^Approve \d/ })).toHaveAttribute("aria-disabled", "true");
  await watch.check("the batch");
  // Each of what would run has to be opened.
  const next = dialog.getByRole("button", { name: "Open the next" });
  while (await next.isVisible()) await next.click();
  const fit = dialog.getByRole("button", { name: /^Approve \d/ });
  const isDestructiveIn = (await fit.textContent())?.includes("6") ?? false;
  await fit.click();
  await expect(dialog.getByRole("status")).toContainText(
    isDestructiveIn ? "6 requests approved" : "5 requests approved",
  );
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  for (const id of ids)
    expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state).toBe("approved");
  expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${destructive}`)).state).toBe(
    isDestructiveIn ? "approved" : "pending",
  );
});

test("some are chosen by key and denied together with one reason", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  const ids = [await scene.ask({ path: "/charges/no-0" }), await scene.ask({ path: "/charges/no-1" })];
  const kept = await scene.ask({ path: "/charges/kept" });
  await expect(rows(page)).toHaveCount(3);
  await row(page, "/charges/no-0").getByRole("checkbox").check();
  await row(page, "/charges/no-1").getByRole("checkbox").check();
  await page.getByRole("button", { name: /^Deny 2/ }).click();
  const dialog = page.getByRole("dialog", { name: "Deny several requests" });
  await dialog.getByRole("textbox", { name: /^Reason/ }).fill("the same mistake twice");
  await dialog.getByRole("button", { name: "Deny 2", exact: true }).click();
  await expect(dialog.getByRole("status")).toContainText("2 requests denied");
  for (const id of ids) {
    const detail = await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`);
    expect(detail.state).toBe("denied");
    expect(JSON.stringify(detail)).toContain("the same mistake twice");
  }
  expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${kept}`)).state).toBe("pending");
});

test.describe("two at once", () => {
  test.use({ expected: REFUSED });

  test("of two browsers that decide at once one wins, and both see who", async ({ page, scene, browserOf }) => {
    const other = await browserOf(await scene.operator("second", "approver"));
    const id = await scene.ask({ path: "/charges/both" });
    for (const each of [page, other.page]) {
      await each.goto(inbox(scene.gateway.origin, `?id=${id}`));
      await expect(approveButton(each)).toBeEnabled();
      await armed(card(each), "/charges/both");
    }
    // Neither leaves before both are there: that is at once on any machine.
    let open: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      open = resolve;
    });
    let arrived = 0;
    for (const each of [page, other.page]) {
      await each.route("**/approve", async (route) => {
        arrived += 1;
        if (arrived === 2) open();
        await both;
        await route.continue();
      });
    }
    await Promise.all([page, other.page].map((each) => approveButton(each).click()));
    const outcomes = [page, other.page].map((each) => card(each).getByRole("status", { name: "Outcome" }));
    for (const [index, outcome] of outcomes.entries()) {
      await expect(outcome, `browser ${index}`).toContainText("approved by");
      await expect(approveButton([page, other.page][index] as Page)).toBeHidden();
    }
    const mine = (await Promise.all(outcomes.map((outcome) => outcome.textContent()))).filter((text) =>
      text?.includes("approved by you"),
    );
    expect(mine, "exactly one of them is told that it was them").toHaveLength(1);
    const detail = await scene.gateway.call<{ state: string; votes: unknown[] }>("GET", `/api/v1/actions/${id}`);
    expect(detail.state).toBe("approved");
    expect(detail.votes).toHaveLength(1);
  });
});

test("what somebody else decides while one looks shows who it was", async ({ page, scene, browserOf }) => {
  const other = await browserOf(await scene.operator("quicker", "approver"));
  const id = await scene.ask({ path: "/charges/first" });
  await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
  await live(page);
  await expect(approveButton(page)).toBeEnabled();
  await other.page.goto(inbox(scene.gateway.origin, `?id=${id}`));
  await armed(card(other.page), "/charges/first");
  await approveButton(other.page).click();
  await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("approved by quicker");
  await expect(approveButton(page)).toBeHidden();
});

test("a request expires under the approver's eyes", async ({ page, scene }) => {
  await scene.gateway.call("PATCH", "/api/v1/settings", { approval_deadline_seconds: 15 });
  try {
    const id = await scene.ask({ path: "/charges/late" });
    await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
    await expect(approveButton(page)).toBeVisible();
    await expect(card(page)).toContainText(/expired/i);
    await expect(approveButton(page)).toBeHidden();
    await page.keyboard.press("a");
    await expect
      .poll(async () => (await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state)
      .toBe("expired");
  } finally {
    await scene.gateway.call("PATCH", "/api/v1/settings", { approval_deadline_seconds: 3_600 });
  }
});

test("a request that goes stale while one looks says so and can't be approved any more", async ({ page, scene }) => {
  const id = await scene.ask({ path: "/charges/drift" });
  await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
  await live(page);
  await expect(approveButton(page)).toBeEnabled();
  const credential = { target: "payments", type: "bearer", value: "sk-upstream-replaced-77c1d8e64b05" };
  await scene.gateway.call("POST", "/api/v1/credentials", credential);
  await expect(card(page)).toContainText("What would run has changed since it was asked");
  await expect(approveButton(page)).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("a");
  await expect(scene.execute(id)).rejects.toThrow();
  expect(scene.upstream.calls).not.toContain("POST /charges/drift");
});

test.describe("a gateway that is away for a moment", () => {
  test.use({
    expected: [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/],
  });

  test("the page survives a restart, says so, and shows what came meanwhile", async ({ page, scene }) => {
    await opened(page, scene.gateway.origin);
    await scene.gateway.stop();
    await expect(page.getByText("The gateway does not answer.", { exact: false }).first()).toBeVisible();
    await scene.gateway.launch();
    await scene.ask({ path: "/charges/after-restart" });
    await expect(row(page, "/charges/after-restart")).toBeVisible();
    await expect(page.getByText("The gateway does not answer.", { exact: false })).toHaveCount(0);
    await armed(card(page), "/charges/after-restart");
    await page.keyboard.press("a");
    await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("approved by you");
  });

  test("a gateway that was killed comes back with what waited", async ({ page, scene }) => {
    await opened(page, scene.gateway.origin);
    await scene.ask({ path: "/charges/before-the-kill" });
    await expect(row(page, "/charges/before-the-kill")).toBeVisible();
    await scene.gateway.stop("SIGKILL");
    await scene.gateway.launch();
    await live(page);
    await expect(row(page, "/charges/before-the-kill")).toBeVisible();
    await armed(card(page), "/charges/before-the-kill");
    await page.keyboard.press("a");
    await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("approved by you");
  });
});

test.describe("hostile payloads are shown and contained", () => {
  const allBytes = Uint8Array.from({ length: 512 }, (_, index) => (index * 7) % 256);
  const samples: Record<string, { body?: unknown; bytes?: Uint8Array; shown: (RegExp | string)[] }> = {
    script: {
      body: '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
      shown: ["<img src=x onerror=", "<script>"],
    },
    ansi: { body: "before \u001b[2J\u001b[31mred\u0007 after", shown: ["ESC", "BEL", "[31mred"] },
    bidi: { body: "pay \u202Ecba\u202C to \u2066x\u2069", shown: [/202E/i, /202C/i, /2066/, /hidden or misleading/] },
    invisible: { body: "a\u200Bb\u200Dc\uFEFFd\u{E0041}e", shown: [/200B/i, /200D/i, /FEFF/i, /E0041/i] },
    long: { body: `start ${"x".repeat(5_000)} end`, shown: ["start", "end", "long lines broken"] },
    lines: {
      body: Array.from({ length: 40 }, (_, line) => `${line}:${"z".repeat(5_000)}`).join("\n"),
      shown: ["0:zz"],
    },
    binary: { bytes: allBytes, shown: ["512 bytes, not text", "00 07 0e"] },
  };
  for (const [name, { body, bytes, shown }] of Object.entries(samples)) {
    test(name, async ({ page, watch, scene }) => {
      const id = await scene.ask({
        path: `/charges/hostile-${name}`,
        ...(bytes ? { bytes } : { body }),
        intent: typeof body === "string" ? body.slice(0, 200) : "",
      });
      await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
      for (const text of shown) await expect(card(page)).toContainText(text);
      await expect(page).toHaveTitle("Inbox · Countersign");
      await expect(card(page).locator("img, script, iframe, object, embed")).toHaveCount(0);
      await watch.check(`a payload with ${name}`);
      await page.setViewportSize({ width: 390, height: 844 });
      await expect(card(page)).toBeVisible();
      await watch.check(`a payload with ${name}, on a phone`);
      await page.goto(`${scene.gateway.origin}/dashboard/activity/${id}`);
      await expect(page.getByRole("heading", { level: 2, name: "Input" })).toBeVisible();
      await watch.check(`the action of a payload with ${name}`);
    });
  }

  test("a megabyte must be opened before it can be approved", async ({ page, watch, scene }) => {
    const body = Array.from({ length: 16_000 }, (_, line) => `line ${line} ${"y".repeat(55)}`).join("\n");
    expect(body.length).toBeGreaterThan(1_000_000);
    const id = await scene.ask({ path: "/charges/hostile-megabyte", body });
    await page.goto(inbox(scene.gateway.origin, `?id=${id}`));
    await expect(card(page)).toContainText("line 0 ");
    await expect(approveButton(page)).toHaveAttribute("aria-disabled", "true");
    await armed(card(page), "Open all of the body before you approve");
    await page.keyboard.press("a");
    await approveButton(page).click({ force: true });
    expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state).toBe("pending");
    await card(page)
      .getByRole("button", { name: /more lines.*show all/ })
      .click();
    await watch.check("a megabyte, opened");
    const box = card(page).getByRole("region", { name: "Body" });
    await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect(box).toContainText("line 15999 ");
    expect(await box.locator("[data-index]").count(), "only the lines in view are in the document").toBeLessThan(400);
    await expect(approveButton(page)).not.toHaveAttribute("aria-disabled", "true");
    await approveButton(page).click();
    await expect(card(page).getByRole("status", { name: "Outcome" })).toContainText("approved by you");
  });
});

test("the keys do nothing while one types", async ({ page, scene }) => {
  await opened(page, scene.gateway.origin);
  const id = await scene.ask({ path: "/charges/typing" });
  await armed(card(page), "/charges/typing");
  await page.getByRole("searchbox", { name: "Search pending requests" }).focus();
  await page.keyboard.type("aaa ddd");
  expect((await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`)).state).toBe("pending");
});
