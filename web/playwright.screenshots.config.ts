import base from "./playwright.config";

/** `npm run screenshots`: the pictures of the README and docs/, taken from the running demo. */
export default {
  ...base,
  testDir: "screenshots",
  testMatch: "**/*.pictures.ts",
  workers: 1,
  timeout: 300_000,
  reporter: [["list"]],
};
