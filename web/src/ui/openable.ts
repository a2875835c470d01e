/** Whether a dialog is open, kept apart from its code: several places of the page open it. */
import { useSyncExternalStore } from "react";

export interface Openable {
  open: () => void;
  close: () => void;
  useIsOpen: () => boolean;
}

export function openable(): Openable {
  let isOpen = false;
  const listeners = new Set<() => void>();
  const set = (next: boolean) => {
    isOpen = next;
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    open: () => set(true),
    close: () => set(false),
    useIsOpen: () => useSyncExternalStore(subscribe, () => isOpen),
  };
}
