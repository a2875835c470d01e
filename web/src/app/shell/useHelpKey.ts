import { useEffect, useRef } from "react";
import { isTyping } from "@/ui/keys";
import { rooms } from "./rooms";

/** The keys that every room has. The Inbox has more, and a list of its own. */
export const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ["Ctrl K", "Search, or go anywhere"],
  ...rooms.map(({ key, name }) => [`g ${key}`, `Go to ${name}`] as const),
  ["j k", "In a list: next, previous row"],
  ["Enter", "In a list: open the row"],
  ["Esc", "Close what is open"],
  ["?", "These keys"],
];

/** `?` shows the keys, where the room does not do so itself. */
export function useHelpKey(show: () => void): void {
  const latest = useRef(show);
  useEffect(() => {
    latest.current = show;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "?" || event.defaultPrevented || event.repeat || isTyping(event)) return;
      if (document.querySelector('[role="dialog"]') || window.location.pathname.startsWith("/dashboard/inbox")) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
