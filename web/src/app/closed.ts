import type { Problem } from "@/api/problem";

let leave: (problem: Problem) => void = () => {};

/** The router registers where to go when the session has ended or the gateway is locked. */
export function onClosedGate(handler: (problem: Problem) => void): void {
  leave = handler;
}

/** Leads to the page that opens the gate again. */
export function leaveClosedGate(problem: Problem): void {
  leave(problem);
}
