/** Deciding several requests at once: which may be, and one after the other with what became of each. */
import type { QueryClient } from "@tanstack/react-query";
import { asProblem, type Problem } from "@/api/problem";
import { type Action, actionQuery, judgedOf, runOf } from "@/components/approval/action";
import { type Say, sendDecision } from "@/components/approval/decide";
import { needsOpening } from "@/ui/Bytes";
import { countHidden } from "@/ui/BytesTokens";
import type { Item } from "./pages";

/** How many calls are under way at once. */
const AT_ONCE = 4;

export interface Excluded {
  item: Item;
  reason: string;
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

/** Why a request has to be read by itself before it is approved; `undefined` if a batch may hold it. */
export function whyNotInBatch(action: Action): string | undefined {
  if (action.state !== "pending") return `no longer pending: ${action.state}`;
  if (action.effect === "destructive") return "destructive: decide it by itself";
  if (action.is_current === false) return "changed since it was asked";
  if (action.is_self_asked) return "you asked for it yourself: decide it by itself";
  const run = runOf(action);
  if (!run) return "what would run was deleted";
  const parts = [run.body, run.rest, action.intent].filter((part) => part !== undefined);
  if (parts.some(needsOpening)) return "has a long part that has to be opened first";
  const texts = [run.url, ...run.headers.flatMap(({ name, value }) => [name, value]), ...parts].filter(
    (part) => typeof part === "string",
  );
  if (texts.some((text) => countHidden(text) > 0)) return "has hidden or misleading characters: read it by itself";
  if (parts.some((part) => typeof part !== "string")) return "has a body that is no text: read it by itself";
  const { facts } = judgedOf(action);
  if (facts?.tainted || (facts?.findings?.length ?? 0) > 0) return "carries a warning: read it by itself";
  return undefined;
}

/** Looks at everything that would run and parts what may be approved together from what may not. */
export async function prepare(
  client: QueryClient,
  items: readonly Item[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<{ fit: Item[]; excluded: Excluded[] }> {
  const fit: Item[] = [];
  const excluded: Excluded[] = [];
  let done = 0;
  await each(items, signal, async (item) => {
    if (item.effect === "destructive") {
      excluded.push({ item, reason: "destructive: decide it by itself" });
    } else {
      try {
        const reason = whyNotInBatch(await client.fetchQuery(actionQuery(item.id)));
        if (reason) excluded.push({ item, reason });
        else fit.push(item);
      } catch (error) {
        excluded.push({ item, reason: asProblem(error).message });
      }
    }
    done += 1;
    onProgress(done);
  });
  return { fit, excluded };
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
