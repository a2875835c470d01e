/**
 * The backend in memory for the development server: `VITE_MOCK=1 npm run dev`.
 *
 * `?mock=approver` (viewer, owner, nobody, locked, setup) says who is signed in or what state the gateway is in; the tab remembers it.
 * Only the state in memory: a reload begins anew.
 */
import { setupWorker } from "msw/browser";
import { db, type Role } from "./db";
import { handlers } from "./handlers";
import { arrive, neverSetUp, SETUP_TOKEN, seed, signInAs } from "./seed";

const KEY = "countersign-mock";
const ARRIVAL_MS = 30_000;

export async function start(): Promise<void> {
  const asked = new URLSearchParams(window.location.search).get("mock");
  if (asked) sessionStorage.setItem(KEY, asked);
  const stage = sessionStorage.getItem(KEY) ?? "owner";
  seed();
  db.paceMs = 900;
  if (stage === "setup") {
    neverSetUp();
    console.info(`/setup#${SETUP_TOKEN}`);
  } else if (stage === "locked") {
    db.isLocked = true;
  } else if (stage !== "nobody") {
    signInAs(stage as Role);
  }
  setInterval(() => {
    if (db.setup || db.isLocked || db.kills.length > 0) return;
    arrive({
      agent: "support-agent",
      target: "crm",
      action: "GET /customers/cus_81",
      state: "succeeded",
      outcome: "http_200",
    });
  }, ARRIVAL_MS);
  await setupWorker(...handlers).start({ quiet: true, onUnhandledRequest: "bypass" });
}
