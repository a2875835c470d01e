/**
 * Deciding several requests at once: which may be, what they would run, and one after the other with what became of each.
 *
 * INVARIANT: whatever a batch approves has been shown whole, and nothing that warns is in it.
 */
import type { QueryClient } from "@tanstack/react-query";
import { asProblem, type Problem } from "@/api/problem";
import { type Action, actionQuery, judgedOf, type Run, runOf } from "@/components/approval/action";
import { type Say, sendDecision } from "@/components/approval/decide";
import { warningsOf } from "@/components/approval/warnings";
import { needsOpening } from "@/ui/Bytes";
import type { Item } from "./pages";

/** How many calls are under way at once. */
const AT_ONCE = 4;
/** How many requests one approval covers at most. */
export const APPROVED_AT_MOST = 500;
/** The risk from which on a request is decided by itself, also where its target asks later. */
const RISK_ALONE = 0.5;

export interface Excluded {
  item: Item;
  reason: string;
}

/** What would run, and the requests that would run exactly it. */
export interface SameRun {
  key: string;
  /** The first of them, for what the gateway says about all. */
  action: Action;
  run: Run;
  items: Item[];
}

/** Runs over items, a few at a time, until done or stopped. */
async function each<T>(items: readonly T[], signal: AbortSignal, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length && !signal.aborted) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** What the list knows already: effect and urgency. */
function whyNotByItself({ effect, urgency }: Pick<Item, "effect" | "urgency">): string | undefined {
  if (effect === "destructive") return "destructive: decide it by itself";
  if (effect === "egress") return "sends data out: decide it by itself";
  if (urgency === "critical") return "of critical urgency: decide it by itself";
  return undefined;
}

/** Why a request has to be read by itself before it is approved; `undefined` if a batch may hold it. */
export function whyNotInBatch(action: Action): string | undefined {
  if (action.state !== "pending") return `no longer pending: ${action.state}`;
  const run = runOf(action);
  if (!run) return "what would run was deleted";
  const known = whyNotByItself(action);
  if (known) return known;
  const [warning] = warningsOf(action, run);
  if (warning) return `${warning.short}: read it by itself`;
  const threshold = judgedOf(action).facts?.target?.risk_threshold ?? RISK_ALONE;
  if (action.risk_score >= Math.min(threshold, RISK_ALONE)) return "of high risk: decide it by itself";
  if (action.quorum > 1) return `needs ${action.quorum} operators: decide it by itself`;
  const parts = [run.body, run.rest, action.intent].filter((part) => part !== undefined);
  if (parts.some(needsOpening)) return "has a long part that has to be opened first";
  if (parts.some((part) => typeof part !== "string")) return "has a body that is no text: read it by itself";
  return undefined;
}

/** Puts together what is alike to the byte: who asks, of which target, what would be sent. */
export function sameRuns(pairs: readonly { item: Item; action: Action }[]): SameRun[] {
  const runs = new Map<string, SameRun>();
  for (const { item, action } of pairs) {
    const run = runOf(action);
    if (!run) continue;
    const { agent_id, target_id, profile, executor, effect } = action;
    const key = JSON.stringify([agent_id, target_id, profile, executor, action.action, effect, run]);
    const same = runs.get(key);
    if (same) same.items.push(item);
    else runs.set(key, { key, action, run, items: [item] });
  }
  return [...runs.values()].sort((left, right) => right.items.length - left.items.length);
}

/** Looks at everything that would run and parts what may be approved together from what may not. */
export async function prepare(
  client: QueryClient,
  items: readonly Item[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<{ runs: SameRun[]; excluded: Excluded[] }> {
  const fit = new Map<string, { item: Item; action: Action }>();
  const excluded: Excluded[] = [];
  const read: Item[] = [];
  for (const item of items) {
    const reason =
      whyNotByItself(item) ??
      (read.length >= APPROVED_AT_MOST ? `more than ${APPROVED_AT_MOST} at once: approve it after these` : undefined);
    if (reason) excluded.push({ item, reason });
    else read.push(item);
  }
  let done = items.length - read.length;
  await each(read, signal, async (item) => {
    try {
      const action = await client.fetchQuery(actionQuery(item.id));
      const reason = whyNotInBatch(action);
      if (reason) excluded.push({ item, reason });
      // The decision carries the hash of what is shown now, not of what the list once held.
      else fit.set(item.id, { item: { ...item, payload_hash: action.payload_hash }, action });
    } catch (error) {
      excluded.push({ item, reason: asProblem(error).message });
    }
    done += 1;
    onProgress(done);
  });
  return { runs: sameRuns(read.flatMap(({ id }) => fit.get(id) ?? [])), excluded };
}

export interface Failure {
  item: Item;
  problem: Problem;
}

/** Decides one after the other. What fails is reported and stops nothing, but for a proof that was not given. */
export async function decideAll(
  items: readonly Item[],
  say: Say,
  note: string,
  stop: AbortController,
  onProgress: (done: number) => void,
  onDecided: (item: Item) => void,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  let done = 0;
  const [first, ...others] = items;
  const work = async (item: Item) => {
    try {
      const view = await sendDecision({ id: item.id, say, note, payloadHash: item.payload_hash });
      if (view.state !== "pending") onDecided({ ...item, state: view.state });
    } catch (error) {
      const problem = asProblem(error);
      failures.push({ item, problem });
      if (problem.status === 401 || problem.code === "proof_required") stop.abort();
    }
    done += 1;
    onProgress(done);
  };
  // The first alone: if it asks for a proof, the others don't ask as well.
  if (first) await work(first);
  await each(others, stop.signal, work);
  return failures;
}

/** How many of each kind. */
export function groupsOf(items: readonly Item[]): { key: string; item: Item; count: number }[] {
  const groups = new Map<string, { key: string; item: Item; count: number }>();
  for (const item of items) {
    const key = [item.agent, item.target, item.effect].join("\u0000");
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { key, item, count: 1 });
  }
  return [...groups.values()].sort((left, right) => right.count - left.count);
}
