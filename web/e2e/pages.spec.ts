/** Every page, with each of its dialogs open, in light and dark, on a desk and on a phone: nothing complains, nothing overflows. */
import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";

interface Place {
  name: string;
  /** The address, once the scene is known. */
  path: (ids: Ids) => string;
  /** What is there when the page has loaded. */
  heading: string | RegExp;
  /** Ways to open each dialog. */
  dialogs?: Record<string, (page: Page) => Promise<void>>;
}

interface Ids {
  pending: string;
  done: string;
}

const button = (name: string | RegExp) => (page: Page) => page.getByRole("button", { name }).first().click();

const places: Place[] = [
  { name: "Home", path: () => "/dashboard", heading: "Home" },
  { name: "Inbox", path: () => "/dashboard/inbox", heading: "Inbox" },
  {
    name: "Inbox with a card",
    path: ({ pending }) => `/dashboard/inbox?id=${pending}`,
    heading: "Inbox",
    dialogs: { deny: button(/^Deny/), keys: (page) => page.keyboard.press("?") },
  },
  { name: "Activity", path: () => "/dashboard/activity", heading: "Activity" },
  { name: "Activity, nothing matches", path: () => "/dashboard/activity?q=zzzznothing", heading: "Activity" },
  { name: "Action", path: ({ done }) => `/dashboard/activity/${done}`, heading: /./ },
  {
    name: "Agents",
    path: () => "/dashboard/agents",
    heading: "Agents",
    dialogs: { add: button(/^(Add|New|Create) (an )?agent/i) },
  },
  { name: "Agent", path: () => "/dashboard/agents/billing-bot", heading: "billing-bot" },
  {
    name: "Agent's keys",
    path: () => "/dashboard/agents/billing-bot/keys",
    heading: "billing-bot",
    dialogs: { add: button(/^(Add|New|Create) (a )?key/i) },
  },
  {
    name: "Agent's grants",
    path: () => "/dashboard/agents/billing-bot/grants",
    heading: "billing-bot",
    dialogs: { add: button(/^(Add|New|Create) (a )?grant/i) },
  },
  {
    name: "Targets",
    path: () => "/dashboard/targets",
    heading: "Targets",
    dialogs: { add: button(/^(Add|New|Create) (a )?target/i) },
  },
  { name: "Target", path: () => "/dashboard/targets/payments", heading: "payments" },
  { name: "Target's credentials", path: () => "/dashboard/targets/payments/credentials", heading: "payments" },
  { name: "Target's profiles", path: () => "/dashboard/targets/payments/profiles", heading: "payments" },
  { name: "Target's actions", path: () => "/dashboard/targets/payments/actions", heading: "payments" },
  { name: "Ledger", path: () => "/dashboard/ledger", heading: "Ledger" },
  { name: "Settings", path: () => "/dashboard/settings", heading: "Settings" },
  { name: "Operators", path: () => "/dashboard/settings/operators", heading: "Settings" },
  { name: "Sessions", path: () => "/dashboard/settings/sessions", heading: "Settings" },
  { name: "Sign-in", path: () => "/dashboard/settings/sign-in", heading: "Settings" },
  { name: "Vault", path: () => "/dashboard/settings/vault", heading: "Settings" },
  { name: "Network", path: () => "/dashboard/settings/network", heading: "Settings" },
  { name: "No such page", path: () => "/dashboard/nonsense", heading: "There is no such page" },
  {
    name: "Kill switch",
    path: () => "/dashboard",
    heading: "Home",
    dialogs: { kill: button(/kill/i), palette: (page) => page.keyboard.press("Control+k") },
  },
];

let ids: Ids | undefined;

test.beforeAll(async ({ scene }) => {
  const done = await scene.ask({ path: "/charges/done", intent: "a charge that ran" });
  await scene.gateway.call("POST", `/api/v1/approvals/${done}/approve`, { note: "fine" });
  await scene.execute(done);
  await scene.ask({ method: "GET", path: "/orders" });
  await scene.ask({ method: "PUT", path: "/forbidden" }).catch(() => undefined);
  await scene.ask({ path: "/charges/waiting", urgency: "critical" }, "support-bot");
  const pending = await scene.ask({
    method: "DELETE",
    path: "/customers/17",
    urgency: "high",
    intent: "remove the duplicate",
  });
  ids = { pending, done };
});

for (const scheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    for (const place of places) {
      test(`${place.name}, ${scheme}, ${width} px`, async ({ page, watch, scene }) => {
        if (!ids) throw new Error("no scene");
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        const open = async () => {
          await page.goto(scene.gateway.origin + place.path(ids as Ids));
          await expect(page.getByRole("heading", { level: 1, name: place.heading }).first()).toBeVisible();
          await expect(page.getByRole("status", { name: /^Loading/ })).toHaveCount(0);
        };
        await open();
        await watch.check(place.name);
        for (const [name, openDialog] of Object.entries(place.dialogs ?? {})) {
          await open();
          await openDialog(page);
          await expect(page.getByRole("dialog").first()).toBeVisible();
          await watch.check(`${place.name}: ${name}`);
        }
      });
    }
  }
}
