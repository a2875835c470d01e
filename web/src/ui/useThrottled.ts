import { useCallback, useEffect, useRef } from "react";

/** Calls at once, and then at most once in so many milliseconds; the last call of a burst is never lost. */
export function useThrottled(call: () => void, milliseconds: number): () => void {
  const latest = useRef(call);
  const last = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = call;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current) return;
    const run = () => {
      timer.current = undefined;
      last.current = Date.now();
      latest.current();
    };
    const pause = last.current + milliseconds - Date.now();
    if (pause <= 0) run();
    else timer.current = setTimeout(run, pause);
  }, [milliseconds]);
}
