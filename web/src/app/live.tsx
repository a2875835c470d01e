/** The live stream as React sees it. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type LiveEvent, type LiveState, LiveStream } from "@/api/live";
import { leaveClosedGate } from "./closed";

const LiveContext = createContext<LiveStream | undefined>(undefined);

/** Keeps one stream open while the shell is shown. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [stream] = useState(
    () =>
      new LiveStream(leaveClosedGate, () => {
        // What was missed may be more than the events tell: ask for all that is shown again.
        void client.invalidateQueries();
      }),
  );
  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);
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
export function useLiveState(): { state: LiveState; retryNow: () => void } {
  const stream = useContext(LiveContext);
  const state = useSyncExternalStore(
    (changed) => stream?.watchState(changed) ?? (() => {}),
    () => stream?.state ?? "connecting",
  );
  return { state, retryNow: () => stream?.retryNow() };
}
