import base from "./playwright.config";

/** `npm run bench`: the page's numbers, one after the other on a quiet machine. */
export default {
  ...base,
  testDir: "bench",
  testMatch: "**/*.bench.ts",
  workers: 1,
  timeout: 900_000,
  reporter: [["dot"]],
};
