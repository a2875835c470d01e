/** The pictures of the README and docs/: each room of the running demo, light and dark. */
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { signedIn } from "../e2e/support/sign-in";
import { type Demo, startDemo } from "./demo";

const pictures = join(import.meta.dirname, "../../docs/pictures");

let demo: Demo;

test.beforeAll(async () => {
  demo = await startDemo();
  await fillADay(demo);
});
test.afterAll(() => demo.end());

/** A morning's work of three agents. */
async function fillADay({ call }: Demo): Promise<void> {
  const keys: string[] = [];
  for (const [name, description] of [
    ["support-triage", "answers tickets, refunds small amounts"],
    ["nightly-report", "reads charges, writes the summary"],
  ]) {
    keys.push((await call<{ key: string }>("POST", "/api/v1/agents", { name, description })).key);
    for (const [action, verdict] of [
      ["GET /charges/*", "allow"],
      ["POST /**", "ask"],
      ["DELETE /**", "ask"],
    ]) {
      await call("POST", "/api/v1/grants", { agent: name, target: "payments", action, verdict });
    }
  }
  const [support, report] = keys;
  const ask = (key: string | undefined, action: string, intent: string, urgency = "normal", body?: unknown) =>
    call<{ id: string }>("POST", "/api/v1/actions", { target: "payments", action, intent, urgency, body }, key);
  for (let index = 1; index <= 24; index += 1)
    await ask(report, "GET /charges/ch_1", `sum up yesterday, page ${index}`);
  const refund = await ask(support, "POST /charges", "refund ticket 8812", "high", { amount: 1900, currency: "usd" });
  await call("POST", `/api/v1/approvals/${refund.id}/approve`, { note: "within policy" });
  await call("POST", `/api/v1/actions/${refund.id}/execute`, {}, support);
  const refused = await ask(support, "DELETE /charges/ch_2", "the customer wants it gone");
  await call("POST", `/api/v1/approvals/${refused.id}/deny`, { note: "we keep records for seven years" });
  await ask(support, "POST /charges", "refund ticket 8830: the parcel never arrived", "critical", {
    amount: 12_900,
    currency: "usd",
    reason: "parcel lost",
    order: "1077",
  });
  await ask(report, "POST /charges", "book the monthly fee", "low", { amount: 900, currency: "usd" });
}

for (const scheme of ["light", "dark"] as const) {
  test(`rooms, ${scheme}`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: scheme });
    await signedIn(context, { origin: demo.origin, token: demo.token });
    const page = await context.newPage();
    const take = async (name: string, path: string, heading: string | RegExp) => {
      await page.goto(demo.origin + path);
      await expect(page.getByRole("heading", { level: 1, name: heading }).first()).toBeVisible();
      await expect(page.getByRole("status", { name: /^Loading/ })).toHaveCount(0);
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`) });
    };
    await take("home", "/dashboard", "Home");
    const urgent = await demo.call<{ items: { id: string }[] }>("GET", "/api/v1/approvals?order=urgency&limit=1");
    await take("inbox", `/dashboard/inbox?id=${urgent.items[0]?.id}`, "Inbox");
    await take("activity", "/dashboard/activity", "Activity");
    const past = await demo.call<{ items: { id: string }[] }>(
      "GET",
      "/api/v1/actions?state=succeeded&verdict=ask&limit=1",
    );
    await take("action", `/dashboard/activity/${past.items[0]?.id}`, /./);
    await take("grants", "/dashboard/agents/support-triage/grants", "support-triage");
    await take("target", "/dashboard/targets/payments", "payments");
    await take("ledger", "/dashboard/ledger", "Ledger");
    await context.close();
  });
}
