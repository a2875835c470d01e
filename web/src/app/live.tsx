/** The live stream as React sees it. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type LiveEvent, type LiveState, LiveStream } from "@/api/live";
import type { Problem } from "@/api/problem";
import { leaveClosedGate } from "./closed";

const LiveContext = createContext<LiveStream | undefined>(undefined);

/** While nothing is told, what a decision is made by is asked for this often. */
const POLL_MS = 10_000;
/** What is asked for then, by the first word of its key: requests that wait and the open one, counts, kills. */
const POLLED: ReadonlySet<unknown> = new Set(["inbox", "action", "status", "summary", "kills"]);
const isPolled = ({ queryKey }: { queryKey: readonly unknown[] }) => POLLED.has(queryKey[0]);

/** Asks again for what came between the page's first answers and the stream's first opening: no event tells it. */
async function askForMissed(client: QueryClient): Promise<void> {
  const missed = client
    .getQueryCache()
    .findAll({ predicate: (query) => isPolled(query) || query.queryKey[0] === "actions" });
  // A question that is still unanswered is not asked twice at once, and its answer may be older than the opening.
  const asked = missed.filter(({ state }) => state.data === undefined);
  await client.invalidateQueries({ predicate: (query) => missed.includes(query as never) });
  await client.invalidateQueries({ predicate: (query) => asked.includes(query as never) });
}

/** Keeps one stream open while the shell is shown. */
export function LiveProvider({ children, pollMs = POLL_MS }: { children: ReactNode; pollMs?: number }) {
  const client = useQueryClient();
  const [stream] = useState(
    () =>
      new LiveStream(leaveClosedGate, (isFirst) => {
        // After a loss more may have been missed than events tell: ask for all that is shown again.
        if (isFirst) void askForMissed(client);
        else void client.invalidateQueries();
      }),
  );
  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (stream.state === "live" || stream.state === "ended" || document.visibilityState === "hidden") return;
      void client.invalidateQueries({ predicate: isPolled });
    }, pollMs);
    return () => clearInterval(timer);
  }, [stream, client, pollMs]);
  return <LiveContext value={stream}>{children}</LiveContext>;
}

/** Calls the listener with each event; the listener may change between renders. */
export function useLive(listener: (event: LiveEvent) => void): void {
  const stream = useContext(LiveContext);
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => stream?.subscribe((event) => latest.current(event)), [stream]);
}

/** Where the connection stands, and a way to try at once. */
export function useLiveState(): { state: LiveState; problem: Problem | undefined; retryNow: () => void } {
  const stream = useContext(LiveContext);
  const watch = (changed: () => void) => stream?.watchState(changed) ?? (() => {});
  const state = useSyncExternalStore(watch, () => stream?.state ?? "connecting");
  const problem = useSyncExternalStore(watch, () => stream?.problem);
  return { state, problem, retryNow: () => stream?.retryNow() };
}
