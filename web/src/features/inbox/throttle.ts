import { useEffect, useRef } from "react";

/**
 * Collects what comes in and hands it over together: the first almost at once, later ones at most once per pause. A burst of a thousand
 * events costs as much as a few.
 */
export function useBatches<T>(take: (batch: T[]) => void, pauseMs: number): (item: T) => void {
  const latest = useRef(take);
  const batch = useRef<T[]>([]);
  const last = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return (item) => {
    batch.current.push(item);
    if (timer.current !== undefined) return;
    const wait = Math.max(FIRST_MS, last.current + pauseMs - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      last.current = Date.now();
      latest.current(batch.current.splice(0));
    }, wait);
  };
}

/** Entries of one commit arrive within this. */
const FIRST_MS = 15;
