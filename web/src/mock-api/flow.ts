/** How an action moves from state to state. */
import { type Action, db, type Entry, later, record, timestamp } from "./db";

/** Moves an action on and records it. */
export function move(action: Action, state: Action["state"], kind: string, parts: Partial<Entry> = {}): void {
  action.state = state;
  action.changed_at = timestamp();
  if (!["pending", "approved"].includes(state)) action.deadline = null;
  const target = db.targets.find(({ name }) => name === action.target);
  record(kind, { action_id: action.id, ...(target ? { subject: `target:${target.id}` } : {}), ...parts });
}

/** Lets what nobody decided in time expire, as any look at it does. */
export function sweep(): void {
  for (const action of db.actions) {
    const isWaiting = action.state === "pending" || action.state === "approved";
    if (isWaiting && action.deadline && Date.parse(action.deadline) <= Date.now()) {
      move(action, "expired", "action.expired");
      action.outcome = null;
    }
  }
}

/** What the agent that waits does after an approval: it carries the action out. */
export function carryOut(action: Action): void {
  const agent = db.agents.find(({ name }) => name === action.agent);
  const actor = agent ? `agent:${agent.id}` : "system";
  later(db.paceMs, () => {
    if (action.state !== "approved") return;
    move(action, "executing", "action.intent", { actor });
    later(db.paceMs, () => {
      if (action.state !== "executing") return;
      action.outcome = "http_200";
      action.result = { status: 200, headers: { "content-type": "application/json" }, body: '{"ok":true}' } as never;
      move(action, "succeeded", "action.outcome", { actor, outcome: "http_200" });
    });
  });
}
