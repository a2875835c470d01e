/** What no page may ever do: complain on the console, run into its own policy, lock somebody out, scroll sideways. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

declare global {
  interface Window {
    __violations?: string[];
  }
}

/** Complaints of a page since it was opened. */
export class Watch {
  readonly complaints: string[] = [];
  private constructor(private readonly page: Page) {}

  /** Watches a page from before its first script. `expected` leaves out what a test provokes on purpose. */
  static async over(page: Page, expected: RegExp[] = []): Promise<Watch> {
    const watch = new Watch(page);
    const note = (text: string) => {
      if (!expected.some((pattern) => pattern.test(text))) watch.complaints.push(text);
    };
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning")
        note(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => note(`page error: ${error.message}`));
    await page.addInitScript(() => {
      window.__violations = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        window.__violations?.push(`${event.violatedDirective}: ${event.blockedURI || event.sample}`);
      });
    });
    return watch;
  }

  /** Fails on any complaint so far, any violation of the policy, any finding of axe and any horizontal scroll. */
  async check(where: string): Promise<void> {
    const violations = await this.page.evaluate(() => window.__violations ?? []);
    expect.soft(violations, `${where}: Content-Security-Policy`).toEqual([]);
    expect.soft(this.complaints, `${where}: console`).toEqual([]);
    await this.settle();
    const axe = await new AxeBuilder({ page: this.page }).analyze();
    const findings = axe.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`,
    );
    expect.soft(findings, `${where}: axe`).toEqual([]);
    const overhang = await this.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect.soft(overhang, `${where}: horizontal scroll in pixels`).toBeLessThanOrEqual(0);
  }

  /** The same in light and dark. */
  async checkBoth(where: string): Promise<void> {
    for (const colorScheme of ["light", "dark"] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await this.check(`${where}, ${colorScheme}`);
    }
  }

  /** The same on a desk and on a phone, too. */
  async checkEverywhere(where: string): Promise<void> {
    for (const [width, height] of [
      [390, 844],
      [1440, 900],
    ] as const) {
      await this.page.setViewportSize({ width, height });
      await this.checkBoth(`${where}, ${width} px`);
    }
  }

  /** What every test ends with: nobody complained, on whatever page it was. */
  async end(): Promise<void> {
    const violations = await this.page.evaluate(() => window.__violations ?? []).catch(() => []);
    expect.soft(violations, "Content-Security-Policy, at the end").toEqual([]);
    expect.soft(this.complaints, "console, at the end").toEqual([]);
  }

  /** Waits for transitions to end: axe measures contrast of what is half faded in, too. */
  private async settle(): Promise<void> {
    await this.page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const isEndless = (animation: Animation) => animation.effect?.getTiming().iterations === Number.POSITIVE_INFINITY;
      const running = () => document.getAnimations().filter((animation) => !isEndless(animation));
      // What has just changed begins its transition in the next frame; one may follow another.
      for (let round = 0; round < 10; round += 1) {
        await frame();
        await frame();
        const all = running();
        if (all.length === 0) return;
        await Promise.all(all.map((animation) => animation.finished.catch(() => undefined)));
      }
    });
  }
}
