import { IconAlertTriangle, IconClockHour4 } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useNow } from "@/ui/useNow";
import classes from "./approval.module.css";

const LAST_MINUTE_MS = 60_000;

/** `23:59:04`, `04:10`; days where there are any. */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, "0");
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days} d ${two(hours)}:${rest}`;
  return hours > 0 ? `${two(hours)}:${rest}` : rest;
}

/** How long there is left to decide. The last minute is marked by words and colour; the width stays. */
export function Countdown({ deadline }: { deadline: string }) {
  const left = new Date(deadline).getTime() - useNow();
  const isLast = left < LAST_MINUTE_MS;
  return (
    <span className={classes.countdown} data-last={isLast || undefined} title={new Date(deadline).toLocaleString()}>
      {isLast ? <IconAlertTriangle size={14} aria-hidden /> : <IconClockHour4 size={14} aria-hidden />}
      <span>{left <= 0 ? "deadline passed" : isLast ? "last minute" : "expires in"}</span>
      <b role="timer">{remaining(left)}</b>
    </span>
  );
}

// A timer can't wait for longer.
const LONGEST_MS = 2 ** 31 - 1;

/** Whether the deadline has passed by this page's clock. Changes once, so that a card is not drawn anew every second. */
export function useIsOver(deadline: string | null | undefined): boolean {
  const at = deadline ? Date.parse(deadline) : Number.POSITIVE_INFINITY;
  const [isOver, setOver] = useState(() => at <= Date.now());
  useEffect(() => {
    const left = at - Date.now();
    setOver(left <= 0);
    if (left <= 0 || left > LONGEST_MS) return;
    const timer = setTimeout(() => setOver(true), left);
    return () => clearTimeout(timer);
  }, [at]);
  return isOver;
}
