import { useEffect, useRef } from "react";
import { isTyping } from "@/ui/keys";

export const KEYS = [
  ["j k", "Next, previous request"],
  ["Enter", "Open the focused request"],
  ["a", "Approve; a destructive one needs Enter after it"],
  ["d", "Deny, with a reason if you like"],
  ["n", "Write a note to your decision"],
  ["x", "Select for a batch"],
  ["Esc", "Close, or end the selection"],
  ["?", "These keys"],
] as const;

export type InboxAction = "next" | "previous" | "approve" | "deny" | "note" | "choose" | "help" | "leave";

const ACTIONS: Record<string, InboxAction> = {
  j: "next",
  k: "previous",
  ArrowDown: "next",
  ArrowUp: "previous",
  a: "approve",
  d: "deny",
  n: "note",
  x: "choose",
  "?": "help",
  Escape: "leave",
};

/** What may not come from a key that is held down: a decision. */
const ONCE: readonly InboxAction[] = ["approve", "deny", "note", "choose", "help"];

/** The keys of the Inbox. They do nothing while somebody types or a dialog is open. */
export function useInboxKeys(act: (action: InboxAction) => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('[role="dialog"]')) return;
      const action = ACTIONS[event.key];
      if (!action || (event.repeat && ONCE.includes(action))) return;
      // Arrows scroll what is focused, unless that is the list.
      const focused = event.target instanceof Element ? event.target : null;
      if (event.key.startsWith("Arrow") && !focused?.closest("ul")) return;
      event.preventDefault();
      latest.current(action);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
