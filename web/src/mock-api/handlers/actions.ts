import type { Schemas } from "@/api/client";
import { type Action, db, find, named, record, timestamp } from "../db";
import { detailOf } from "../detail";
import { carryOut, move, sweep } from "../flow";
import { type Caller, caller } from "../guard";
import { conflict, forbidden, invalid, notFound, Refusal } from "../problem";
import { page, read, route } from "../route";
import { type ActionParts, makeAction } from "../seed/actions";

const STATES = [
  "pending",
  "approved",
  "denied",
  "executing",
  "succeeded",
  "failed",
  "unknown",
  "expired",
  "stale",
  "revoked",
  "cancelled",
];

const URGENCIES: readonly string[] = ["low", "normal", "high", "critical"];

function view(action: Action): Schemas["ActionView"] {
  const { payload: _payload, judged: _judged, result: _result, ...rest } = action;
  return rest as Schemas["ActionView"];
}

function actionOf(id: string): Action {
  sweep();
  const action = db.actions.find((it) => it.id === id);
  if (!action) throw notFound("request");
  return action;
}

function text(action: Action): string {
  const { id, agent, target, action: name, intent, reason, risk_reasons, payload } = action;
  const input = JSON.stringify(payload?.input ?? {});
  return [id, agent, target, name, intent, reason, ...risk_reasons, input, payload?.body ?? ""]
    .join("\n")
    .toLowerCase();
}

function list(url: URL, states: string[]): { items: Schemas["ActionView"][]; next: string | null } {
  sweep();
  const of = (name: string) => url.searchParams.get(name) ?? "";
  const words = (name: string) => of(name).split(",").filter(Boolean);
  const wanted = states.length > 0 ? states : words("state");
  for (const state of wanted) {
    if (!STATES.includes(state)) throw invalid("state", `unknown state, expected ${STATES.join(", ")}`);
  }
  const nameOf = (kind: "agent" | "target") => {
    if (of(kind) === "") return undefined;
    const found = find(named(kind), of(kind));
    if (!found) throw invalid(kind, `there is no such ${kind}`);
    return found.name;
  };
  const agent = nameOf("agent");
  const target = nameOf("target");
  const terms = of("q").toLowerCase().split(/\s+/).filter(Boolean);
  const pattern = of("action")
    .toLowerCase()
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const isNamed = new RegExp(`^${pattern.join(".*")}${pattern.length > 1 ? "$" : ""}`);
  const order = of("order") || "newest";
  if (!["newest", "oldest", "urgency"].includes(order)) throw invalid("order", "expected newest or oldest");
  const among = (name: "effect" | "urgency" | "verdict", action: Action) =>
    words(name).length === 0 || words(name).includes(action[name]);
  const items = db.actions
    .filter(
      (it) =>
        (wanted.length === 0 || wanted.includes(it.state)) &&
        (!agent || it.agent === agent) &&
        (!target || it.target === target) &&
        (["effect", "urgency", "verdict"] as const).every((name) => among(name, it)) &&
        isNamed.test(it.action.toLowerCase()) &&
        (!of("since") || it.created_at >= of("since")) &&
        (!of("until") || it.created_at < of("until")) &&
        terms.every((term) => text(it).includes(term)),
    )
    .map(view);
  items.sort((one, other) => (one.created_at < other.created_at ? -1 : one.created_at > other.created_at ? 1 : 0));
  if (order === "newest") items.reverse();
  if (order === "urgency")
    items.sort((one, other) => URGENCIES.indexOf(other.urgency) - URGENCIES.indexOf(one.urgency));
  return page(url, items);
}

async function noteOf(request: Request): Promise<string> {
  const { note } = await read<Schemas["NoteBody"]>(request, ["note"]);
  return checked(note);
}

function checked(note = ""): string {
  if ([...note].length > 2_000) throw invalid("note", "the note has more than 2000 characters: make it shorter");
  return note;
}

function requirePending(action: Action): void {
  if (action.state === "pending") return;
  const { id: action_id, state } = action;
  if (state === "expired") throw new Refusal(410, "expired", "Request has expired", { action_id });
  if (state === "stale") throw conflict("stale", "what was asked is no longer what would run", { action_id });
  throw conflict("already_decided", `Request already ${state}`, { action_id });
}

async function decide(request: Request, id: string, kind: "approve" | "deny"): Promise<Schemas["ActionView"]> {
  const { operator, actor }: Caller = caller(request, "request_decide");
  const body = await read<Schemas["DecisionBody"]>(request, ["note", "expected_payload_hash"]);
  const note = checked(body.note);
  const action = actionOf(id);
  requirePending(action);
  if (body.expected_payload_hash && body.expected_payload_hash !== action.payload_hash) {
    throw conflict("payload_changed", "what would run is not what was looked at: look again", { action_id: id });
  }
  const isSelf = action.asked_by === actor;
  if (isSelf && kind === "approve" && db.settings.separation_of_duties === "strict") {
    throw forbidden("you asked for this yourself, and separation_of_duties is strict: another operator has to approve");
  }
  const { votes } = action;
  if (votes.some((vote) => vote.operator === operator.id)) {
    throw conflict("already_voted", "you have already voted on this request", { action_id: id });
  }
  const vote = {
    request: id,
    operator: operator.id,
    operator_name: operator.name,
    kind,
    note,
    is_self_approved: isSelf,
    at: timestamp(),
  };
  votes.push(vote);
  const yes = votes.filter((it) => it.kind === "approve").length;
  if (kind === "deny") {
    move(action, "denied", "approval.decided", { actor, outcome: "denied" });
  } else if (yes < action.quorum) {
    record("approval.voted", { actor, action_id: id, outcome: "approve" });
  } else {
    action.deadline = timestamp(Date.now() + db.settings.execute_ttl_seconds * 1_000);
    move(action, "approved", "approval.decided", { actor, outcome: "approved" });
    carryOut(action);
  }
  return view(action);
}

export const actionHandlers = [
  route("get", "/api/v1/actions", ({ request, url }) => {
    caller(request, "request_read");
    return list(url, []);
  }),
  route("post", "/api/v1/actions", async ({ request }) => {
    const { actor } = caller(request, "request_create");
    const body = await read<Record<string, never>>(request, [
      "target",
      "profile",
      "action",
      "input",
      "body",
      "body_base64",
      "intent",
      "urgency",
      "agent",
    ]);
    const agent = find(db.agents, body.agent ?? "");
    if (!agent) throw invalid("agent", "name the agent that you ask for");
    const target = find(db.targets, body.target ?? "");
    if (!target) throw invalid("target", "there is no such target");
    const action = makeAction({
      ...(body as unknown as ActionParts),
      agent: agent.name,
      target: target.name,
      asked_by: actor,
    });
    db.actions.push(action);
    record("action.asked", { actor, action_id: action.id, verdict: "ask", subject: `target:${target.id}` });
    return new Response(JSON.stringify(view(action)), {
      status: 202,
      headers: { "content-type": "application/json" },
    });
  }),
  route("get", "/api/v1/actions/:id", ({ request, param }) => {
    const who = caller(request, "request_read");
    return detailOf(actionOf(param("id")), who);
  }),
  route("post", "/api/v1/actions/:id/cancel", async ({ request, param }) => {
    const { actor } = caller(request, "request_decide");
    await noteOf(request);
    const action = actionOf(param("id"));
    if (!["pending", "approved"].includes(action.state)) requirePending(action);
    move(action, "cancelled", "action.cancelled", { actor });
    return view(action);
  }),
  route("post", "/api/v1/actions/:id/execute", ({ request, param }) => {
    const { actor } = caller(request, "request_create");
    const action = actionOf(param("id"));
    if (action.state !== "approved") throw conflict("not_approved", `Request is ${action.state}, not approved`);
    action.outcome = "http_200";
    action.result = { status: 200, headers: {}, body: '{"ok":true}' };
    move(action, "succeeded", "action.outcome", { actor, outcome: "http_200" });
    return { id: action.id, state: action.state, is_replay: false, result: action.result };
  }),
  route("post", "/api/v1/actions/:id/settle", async ({ request, param }) => {
    const { actor } = caller(request, "request_decide");
    const body = await read<Schemas["SettleBody"]>(request, ["succeeded", "note"]);
    const action = actionOf(param("id"));
    if (action.state !== "unknown") {
      throw conflict("not_unknown", `Request is ${action.state}: there is nothing to find out`, {
        action_id: action.id,
      });
    }
    if (typeof body.succeeded !== "boolean") throw invalid("succeeded", "missing field `succeeded`");
    move(action, body.succeeded ? "succeeded" : "failed", "action.settled", { actor });
    return view(action);
  }),
  route("get", "/api/v1/approvals", ({ request, url }) => {
    caller(request, "request_read");
    return list(url, ["pending"]);
  }),
  route("post", "/api/v1/approvals/:id/approve", ({ request, param }) => decide(request, param("id"), "approve")),
  route("post", "/api/v1/approvals/:id/deny", ({ request, param }) => decide(request, param("id"), "deny")),
];
