/** Playwright's test with a scene and a watched, signed-in page. A scene serves all tests of a file: they must not disturb each other. */
import { type BrowserContext, test as base, type Page } from "@playwright/test";
import { Scene } from "./scene";
import { signedIn } from "./sign-in";
import { Watch } from "./watch";

interface WorkerParts {
  scene: Scene;
}

interface Parts {
  /** A page that is signed in as the owner, and watched: any complaint fails the test. */
  page: Page;
  watch: Watch;
  /** Opens another browser, signed in with a token. */
  browserOf: (token: string) => Promise<{ page: Page; context: BrowserContext; watch: Watch }>;
}

export const test = base.extend<Parts, WorkerParts>({
  scene: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright wants the pattern
    async ({}, use) => {
      const scene = await Scene.start();
      await use(scene);
      await scene.end();
    },
    { scope: "worker" },
  ],
  watch: async ({ page }, use) => {
    const watch = await Watch.over(page);
    await use(watch);
    base.expect(watch.complaints, "console").toEqual([]);
  },
  page: async ({ context, page, scene }, use) => {
    await signedIn(context, scene.gateway);
    await use(page);
  },
  browserOf: async ({ browser, scene }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (token) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      contexts.push(context);
      await signedIn(context, scene.gateway, token);
      const page = await context.newPage();
      return { page, context, watch: await Watch.over(page) };
    });
    for (const context of contexts) await context.close();
  },
});

export { expect } from "@playwright/test";
