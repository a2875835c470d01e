import { useState } from "react";
import { useNow } from "@/ui/useNow";

/** Seconds that are left of a pause, and a way to begin one. */
export function useCountdown(): [seconds: number, begin: (seconds: number) => void] {
  const [until, setUntil] = useState(0);
  const now = useNow();
  return [Math.max(0, Math.ceil((until - now) / 1_000)), (seconds) => setUntil(Date.now() + seconds * 1_000)];
}

/** `4:05`. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
