import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { firstLoadLimit } from "./scripts/first-load.ts";

/** The gateway that `npm run dev` talks to, unless it runs on the mock backend (`VITE_MOCK=1`). */
const gateway = process.env.COUNTERSIGN_URL ?? "http://127.0.0.1:3100";

/** What the mock backend needs beside the page, from its package: nothing of it is in `dist`. */
const mockWorker: Plugin = {
  name: "mock-worker",
  apply: "serve",
  configureServer(server) {
    server.middlewares.use("/mockServiceWorker.js", (_request, response) => {
      response.setHeader("content-type", "text/javascript");
      response.end(readFileSync(new URL("./node_modules/msw/lib/mockServiceWorker.js", import.meta.url)));
    });
  },
};

export default defineConfig({
  plugins: [react(), mockWorker, firstLoadLimit()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  // The gateway replaces this word in every answer: see crates/server/src/web.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "dist",
    target: "es2023",
    // A data: URL would need a hole in the policy; a file costs one immutable request.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Before compression; what is asked is checked by the plugin.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        // What every room needs is one file: gzip and the network do badly with dozens of small ones.
        codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(
      ["/api", "/healthz", "/readyz", "/openapi.json"].map((path) => [
        path, // The gateway refuses pages of another origin.
        { target: gateway, changeOrigin: true, headers: { origin: gateway } },
      ]),
    ),
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/test-setup.ts"],
    include: ["{src,scripts}/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 90_000,
  },
});
