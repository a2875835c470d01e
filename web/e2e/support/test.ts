/**
 * Playwright's test with a scene and a watched, signed-in page. A scene serves all tests of a file: they must not disturb each other.
 * A file that needs one of its own says `test.use({ world: "its name" })`.
 */
import { type BrowserContext, test as base, type Page } from "@playwright/test";
import { Scene } from "./scene";
import { signedIn } from "./sign-in";
import { Watch } from "./watch";

interface WorkerParts {
  /** Files with the same word share a scene, where one worker runs them. */
  world: string;
  scene: Scene;
}

interface Parts {
  /** Complaints that a test provokes on purpose. */
  expected: RegExp[];
  /** A page that is signed in as the owner, and watched: any complaint fails the test. */
  page: Page;
  watch: Watch;
  /** Opens another browser, signed in with a token, and watched as well. */
  browserOf: (token: string) => Promise<{ page: Page; context: BrowserContext; watch: Watch }>;
}

export const test = base.extend<Parts, WorkerParts>({
  world: ["shared", { option: true, scope: "worker" }],
  scene: [
    async ({ world: _ }, use) => {
      const scene = await Scene.start();
      await use(scene);
      await scene.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  expected: [[], { option: true }],
  watch: [
    async ({ page, expected }, use) => {
      const watch = await Watch.over(page, expected);
      await use(watch);
      await watch.end();
    },
    { auto: true },
  ],
  page: async ({ context, page, scene }, use) => {
    await signedIn(context, scene.gateway);
    await use(page);
  },
  browserOf: async ({ browser, scene, expected }, use) => {
    const opened: { context: BrowserContext; watch: Watch }[] = [];
    await use(async (token) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      await signedIn(context, scene.gateway, token);
      const page = await context.newPage();
      const watch = await Watch.over(page, expected);
      opened.push({ context, watch });
      return { page, context, watch };
    });
    for (const { context, watch } of opened) {
      await watch.end();
      await context.close();
    }
  },
});

export { expect } from "@playwright/test";
