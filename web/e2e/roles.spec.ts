/** Role × page: what each role sees, and what it can't do, with the reason. */
import { armed } from "./support/armed";
import { rooms } from "./support/rooms";
import { expect, test } from "./support/test";

test.use({ world: "roles" });

type Role = "owner" | "approver" | "viewer";

/** What each role may press, by the page on which it stands. */
const offers: { path: string; button: string | RegExp; roles: readonly Role[] }[] = [
  { path: "/dashboard/agents", button: "Add an agent", roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot", button: "Edit", roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot", button: "Delete", roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot", button: "Stop", roles: ["owner", "approver"] },
  { path: "/dashboard/agents/billing-bot/keys", button: "Add a key", roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot/keys", button: /^Revoke/, roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot/grants", button: "Add a grant", roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot/grants", button: /^Remove the grant/, roles: ["owner"] },
  { path: "/dashboard/targets", button: "Add a target", roles: ["owner"] },
  { path: "/dashboard/targets/payments", button: "Edit", roles: ["owner"] },
  { path: "/dashboard/targets/payments", button: "Delete", roles: ["owner"] },
  { path: "/dashboard/targets/payments", button: "Test connection", roles: ["owner"] },
  { path: "/dashboard/targets/payments/credentials", button: "Replace", roles: ["owner"] },
  { path: "/dashboard/targets/payments/profiles", button: "Add a profile", roles: ["owner"] },
  { path: "/dashboard/settings/operators", button: "Add an operator", roles: ["owner"] },
  { path: "/dashboard/settings/operators", button: /^Actions for/, roles: ["owner"] },
  { path: "/dashboard/settings/sign-in", button: "Make a token", roles: ["owner"] },
  { path: "/dashboard/settings/sign-in", button: "Make a key", roles: ["owner"] },
  { path: "/dashboard/settings/vault", button: "Change the passphrase", roles: ["owner"] },
  { path: "/dashboard/settings/general", button: "Save", roles: [] },
];

for (const role of ["owner", "approver", "viewer"] as const) {
  test(`a ${role} sees every room, and presses only what is theirs`, async ({ scene, browserOf }) => {
    const { page } = await browserOf(await scene.operator(`the-${role}`, role));
    for (const room of rooms) {
      await page.goto(scene.gateway.origin + room.path);
      await expect(page.getByRole("heading", { level: 1, name: room.name })).toBeVisible();
      await expect(page.getByRole("status", { name: /^Loading/ })).toHaveCount(0);
      await expect(page.getByRole("alert"), `${role} in ${room.name}`).toHaveCount(0);
    }
    let path = "";
    for (const offer of offers) {
      if (offer.path !== path) await page.goto(scene.gateway.origin + offer.path);
      path = offer.path;
      const button = page.getByRole("button", { name: offer.button, exact: typeof offer.button === "string" }).first();
      await expect(button, `${role} on ${path}: ${offer.button} stays in its place`).toBeVisible();
      if (offer.roles.includes(role)) {
        await expect(button, `${role} on ${path}: ${offer.button}`).not.toHaveAttribute("aria-disabled", "true");
        continue;
      }
      await expect(button, `${role} on ${path}: ${offer.button}`).toHaveAttribute("aria-disabled", "true");
      await button.click({ force: true });
      await expect(page.getByRole("dialog")).toHaveCount(0);
      // The reason is there for keyboards, too.
      await button.focus();
      await expect(page.getByRole("tooltip").last(), `${role} on ${path}: ${offer.button}`).toContainText(
        /owner|role|Nothing has changed/i,
      );
    }
    const id = await scene.ask({ path: `/charges/for-${role}` });
    await page.goto(`${scene.gateway.origin}/dashboard/inbox?id=${id}`);
    const card = page.getByRole("article");
    const approve = card.getByRole("button", { name: "Approve", exact: true });
    await armed(card, `/charges/for-${role}`);
    if (role === "viewer") {
      await expect(approve).toHaveAttribute("aria-disabled", "true");
      await page.keyboard.press("a");
      await approve.click({ force: true });
      await page.keyboard.press("d");
      await expect(card.getByRole("textbox")).toHaveCount(0);
      const detail = await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`);
      expect(detail.state).toBe("pending");
    } else {
      await page.keyboard.press("a");
      await expect(card.getByRole("status", { name: "Outcome" })).toContainText("approved by you");
    }
  });
}
