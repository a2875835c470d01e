import { defineConfig } from "@playwright/test";

/** Debian's Chromium; `COUNTERSIGN_CHROMIUM` names another. */
const executablePath = process.env.COUNTERSIGN_CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "e2e",
  testMatch: "**/*.spec.ts",
  // Each worker runs a gateway and a browser of its own: more than the cores only makes them wait for each other.
  workers: 2,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // Once more where every test of the project runs on a machine that nobody watches: what passes then is named as flaky.
  retries: process.env.COUNTERSIGN_E2E_REPORT ? 1 : 0,
  // Limits, not expectations: a machine three times slower than a laptop has to stay well under them.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  outputDir: "test-results",
  reporter: process.env.COUNTERSIGN_E2E_REPORT
    ? [["line"], ["json", { outputFile: process.env.COUNTERSIGN_E2E_REPORT }]]
    : [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
