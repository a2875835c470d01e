/** Role × page: what each role sees, and what it can't do, with the reason. */
import { rooms } from "./support/rooms";
import { expect, test } from "./support/test";

/** What each role may press, by the page on which it stands. */
const offers: { path: string; button: RegExp; roles: readonly string[] }[] = [
  { path: "/dashboard/agents", button: /^(Add|New|Create) (an )?agent/i, roles: ["owner"] },
  { path: "/dashboard/targets", button: /^(Add|New|Create) (a )?target/i, roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot/keys", button: /^(Add|New|Create) (a )?key/i, roles: ["owner"] },
  { path: "/dashboard/agents/billing-bot/grants", button: /^(Add|New|Create) (a )?grant/i, roles: ["owner"] },
  { path: "/dashboard/settings/operators", button: /^(Add|New|Create) (an )?operator/i, roles: ["owner"] },
];

for (const role of ["owner", "approver", "viewer"] as const) {
  test(`a ${role} sees every room, and presses only what is theirs`, async ({ scene, browserOf }) => {
    const { page, watch } = await browserOf(await scene.operator(`the-${role}`, role));
    for (const room of rooms) {
      await page.goto(scene.gateway.origin + room.path);
      await expect(page.getByRole("heading", { level: 1, name: room.name })).toBeVisible();
    }
    for (const { path, button, roles } of offers) {
      await page.goto(scene.gateway.origin + path);
      const found = page.getByRole("button", { name: button }).first();
      await expect(found).toBeVisible();
      if (roles.includes(role)) await expect(found, `${role} on ${path}`).toBeEnabled();
      else await expect(found, `${role} on ${path}`).toBeDisabled();
    }
    const id = await scene.ask({ path: `/charges/for-${role}` });
    await page.goto(`${scene.gateway.origin}/dashboard/inbox?id=${id}`);
    const approve = page.getByRole("article", { name: /^Request/ }).getByRole("button", { name: /^Approve/ });
    if (role === "viewer") {
      await expect(approve).toBeDisabled();
      await page.keyboard.press("a");
      const detail = await scene.gateway.call<{ state: string }>("GET", `/api/v1/actions/${id}`);
      expect(detail.state).toBe("pending");
    } else {
      await expect(approve).toBeEnabled();
    }
    expect(watch.complaints).toEqual([]);
  });
}
