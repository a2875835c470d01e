/** What needs an operator, most pressing first. Pure. */
import { alarmTitle, isLedgerAlarm } from "@/features/ledger/alarms";
import type { Summary } from "./summary";

/** How pressing: `bad` is wrong now, `warn` will be, `wait` waits for a decision, `info` is good to know. */
export type Tone = "bad" | "warn" | "wait" | "info";

export interface Need {
  key: string;
  tone: Tone;
  title: string;
  /** Why, in words. May hold text of others. */
  detail?: string | undefined;
  /** Since when. */
  at?: string | null | undefined;
  /** Where it is dealt with. */
  to:
    | "/dashboard/inbox"
    | "/dashboard/activity"
    | "/dashboard/agents"
    | "/dashboard/targets"
    | "/dashboard/ledger"
    | "/dashboard/settings";
  search?: Record<string, string>;
  verb: string;
}

const HOUR_MS = 3_600_000;
/** A checkpoint is made every day at least where there is something to cover. */
const CHECKPOINT_OLD_MS = 25 * HOUR_MS;
const UNSEALED_LONG_MS = 5_000;

const plural = (count: number, one: string, many: string) =>
  `${new Intl.NumberFormat("en").format(count)} ${count === 1 ? one : many}`;

function problems(summary: Summary): Need[] {
  return summary.problems.map(({ code, detail }) => ({
    key: `problem ${code}`,
    tone: "bad",
    title: alarmTitle(code),
    detail,
    to: isLedgerAlarm(code) ? "/dashboard/ledger" : "/dashboard/settings",
    verb: "Look",
  }));
}

function kills(summary: Summary): Need[] {
  return summary.kills.map((kill) => ({
    key: `kill ${kill.scope} ${kill.id ?? ""}`,
    tone: "bad",
    title:
      kill.scope === "all"
        ? "Everything is stopped"
        : `${kill.scope === "agent" ? "Agent" : "Target"} ${kill.name ?? `…${kill.id?.slice(-8)}`} is stopped`,
    detail: kill.reason ? `${kill.reason} · since` : "since",
    at: kill.at,
    to: kill.scope === "target" ? "/dashboard/targets" : "/dashboard/agents",
    verb: "Look",
  }));
}

function waiting(summary: Summary): Need[] {
  return summary.pending_by_urgency
    .filter(({ count }) => count > 0)
    .map(({ urgency, count, oldest_at }) => ({
      key: `pending ${urgency}`,
      tone: "wait",
      title: `${plural(count, "request", "requests")} of ${urgency} urgency ${count === 1 ? "waits" : "wait"} for a decision`,
      detail: "The oldest came",
      at: oldest_at,
      to: "/dashboard/inbox",
      search: { urgency },
      verb: "Decide",
    }));
}

function failing(summary: Summary): Need[] {
  const lost = summary.failures
    .filter(({ unknown }) => unknown > 0)
    .map(
      (each): Need => ({
        key: `unknown ${each.target_id}`,
        tone: "bad",
        title: `${plural(each.unknown, "action", "actions")} on ${each.target} ended nobody knows how`,
        detail: "Find out at the target whether it took effect, then settle it. The last was",
        at: each.last_at,
        to: "/dashboard/activity",
        search: { target: each.target, state: "unknown" },
        verb: "Settle",
      }),
    );
  const failed = summary.failures
    .filter((each) => each.failed > 0)
    .map(
      (each): Need => ({
        key: `failed ${each.target_id}`,
        tone: "warn",
        title: `${plural(each.failed, "action", "actions")} on ${each.target} failed in the last 24 hours`,
        detail: "The last",
        at: each.last_at,
        to: "/dashboard/activity",
        search: { target: each.target, state: "failed", since: "24h" },
        verb: "Look",
      }),
    );
  return [...lost, ...failed];
}

function ledger({ ledger: state, problems: found }: Summary, now: number): Need[] {
  const needs: Need[] = [];
  const hasAlarm = found.some(({ code }) => isLedgerAlarm(code));
  if (!state.takes_entries && !hasAlarm) {
    needs.push({
      key: "ledger state",
      tone: "bad",
      title: "The ledger takes no entries",
      detail: state.state,
      to: "/dashboard/ledger",
      verb: "Look",
    });
  }
  const { verification: verified } = state;
  if (verified && !verified.valid && !hasAlarm) {
    needs.push({
      key: "ledger invalid",
      tone: "bad",
      title: "The ledger is NOT valid",
      detail: `${verified.reason ?? "The last verification says so."} It was found`,
      at: verified.at,
      to: "/dashboard/ledger",
      verb: "Look",
    });
  }
  if (state.unsealed_millis > UNSEALED_LONG_MS && !hasAlarm) {
    needs.push({
      key: "ledger unsealed",
      tone: "warn",
      title: "Entries wait for their place in the ledger",
      detail: `The oldest has waited for ${Math.round(state.unsealed_millis / 1_000)} seconds.`,
      to: "/dashboard/ledger",
      verb: "Look",
    });
  }
  const isCovered = (state.checkpoint_entries ?? 0) >= state.entries;
  if (
    state.entries > 0 &&
    !isCovered &&
    state.checkpoint_at &&
    now - Date.parse(state.checkpoint_at) > CHECKPOINT_OLD_MS
  ) {
    needs.push({
      key: "checkpoint old",
      tone: "warn",
      title: "The last checkpoint is old",
      detail: "What came since is not signed yet. It was made",
      at: state.checkpoint_at,
      to: "/dashboard/ledger",
      verb: "Make one",
    });
  }
  return needs;
}

function revoked(summary: Summary): Need[] {
  if (summary.revoked_keys.length === 0) return [];
  const names = summary.revoked_keys.map(({ name }) => name).join(", ");
  return [
    {
      key: "revoked keys",
      tone: "info",
      title: `${plural(summary.revoked_keys.length, "key was", "keys were")} ended in the last 24 hours`,
      detail: names,
      to: "/dashboard/agents",
      verb: "Look",
    },
  ];
}

const ORDER: Tone[] = ["bad", "wait", "warn", "info"];

/** Everything that needs somebody. */
export function attention(summary: Summary, now: number): Need[] {
  const needs = [
    ...problems(summary),
    ...kills(summary),
    ...ledger(summary, now),
    ...waiting(summary),
    ...failing(summary),
    ...revoked(summary),
  ];
  return needs.sort((a, b) => ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone));
}
