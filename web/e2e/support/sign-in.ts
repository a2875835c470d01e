import { type BrowserContext, expect, type Page } from "@playwright/test";
import type { Gateway } from "./gateway";

/** Signs a page in through the form, from wherever it was led to the form. */
export async function signIn(page: Page, gateway: Gateway, token = gateway.token, room = "Home"): Promise<void> {
  if (!page.url().includes("/login")) await page.goto(`${gateway.origin}/login`);
  await chooseToken(page);
  await page.getByRole("textbox", { name: "Sign-in token" }).fill(token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: room })).toBeVisible();
}

/** Says that one signs in with a token. */
export async function chooseToken(page: Page): Promise<void> {
  await page.getByRole("radiogroup", { name: "How to sign in" }).getByText("Sign-in token", { exact: true }).click();
}

/** Signs a browser in without the form, for tests of something else. */
export async function signedIn(
  context: BrowserContext,
  gateway: Pick<Gateway, "origin" | "token">,
  token = gateway.token,
): Promise<void> {
  const response = await context.request.post(`${gateway.origin}/api/v1/sessions`, {
    data: { token, label: "test browser" },
    headers: { origin: gateway.origin },
  });
  if (!response.ok()) throw new Error(`signing in: ${response.status()} ${await response.text()}`);
  const { csrf_token } = (await response.json()) as { csrf_token: string };
  await context.addInitScript(
    ([origin, csrf]) => {
      if (location.origin === origin) localStorage.setItem("countersign-csrf", csrf as string);
    },
    [gateway.origin, csrf_token],
  );
}
