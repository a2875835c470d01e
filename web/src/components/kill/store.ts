/** Whether the kill switch's dialog is open: the header and the command palette open it. */
import { useSyncExternalStore } from "react";

let isOpen = false;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  isOpen = next;
  for (const listener of listeners) listener();
}

export const openKillSwitch = () => set(true);
export const closeKillSwitch = () => set(false);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useIsKillSwitchOpen = () => useSyncExternalStore(subscribe, () => isOpen);
