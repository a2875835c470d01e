/** Actions of every kind and state. */
import type { Schemas } from "@/api/client";
import { type Action, db, find, timestamp } from "../db";
import { digest, uuid } from "../ids";

export interface ActionParts {
  agent: string;
  target: string;
  /** `POST /charges`. */
  action: string;
  state?: Action["state"];
  effect?: Action["effect"];
  urgency?: Action["urgency"];
  intent?: string;
  verdict?: Action["verdict"];
  reason?: string;
  body?: unknown;
  body_base64?: string;
  headers?: Record<string, string>;
  query?: string | null;
  risk_score?: number;
  risk_reasons?: string[];
  quorum?: number;
  /** Minutes ago. */
  age?: number;
  /** Seconds from now. */
  deadlineIn?: number;
  outcome?: string | null;
  result?: Schemas["ResultView"] | null;
  asked_by?: string;
  votes?: { kind: string; note?: string }[];
  findings?: unknown[];
}

const EFFECTS: Record<string, [effect: Action["effect"], risk: number, why: string]> = {
  GET: ["read", 0.1, "GET reads"],
  HEAD: ["read", 0.1, "HEAD reads"],
  POST: ["write", 0.3, "POST creates or triggers something"],
  PUT: ["write", 0.4, "PUT replaces something"],
  PATCH: ["write", 0.3, "PATCH changes something"],
  DELETE: ["destructive", 0.7, "DELETE removes something"],
};

/** Makes an action as the gateway would show it. A pending one, unless the parts say otherwise. */
export function makeAction(parts: ActionParts): Action {
  const { state = "pending", age = 0 } = parts;
  const at = Date.now() - age * 60_000;
  const [method = "GET", path = "/"] = parts.action.split(" ");
  const [methodEffect, methodRisk, why] = EFFECTS[method] ?? ["write", 0.5, `${method} is not known`];
  const verdict =
    parts.verdict ??
    (state === "denied" && !parts.votes ? "deny" : parts.votes ? "ask" : state === "pending" ? "ask" : "allow");
  const agent = find(db.agents, parts.agent);
  const target = find(db.targets, parts.target);
  const grant = db.grants.find((it) => it.agent === agent?.id && it.target === target?.id && it.verdict === verdict);
  const text = typeof parts.body === "string" ? parts.body : parts.body === undefined ? "" : JSON.stringify(parts.body);
  const input = {
    method,
    path,
    query: parts.query ?? null,
    headers: parts.headers ?? { "content-type": "application/json" },
  };
  const id = uuid(at);
  const speaker = grant ? { kind: "grant", id: grant.id } : { kind: "default", id: null };
  const reason =
    parts.reason ??
    { allow: "a grant allows it", ask: "a grant wants a human to be asked", deny: "a grant denies it" }[verdict] ??
    "no grant speaks about this";
  const effect = parts.effect ?? methodEffect;
  const urgency = parts.urgency ?? "normal";
  const intent = parts.intent ?? "";
  const score = parts.risk_score ?? methodRisk;
  const reasons = parts.risk_reasons ?? [why];
  const isWaiting = state === "pending" || state === "approved";
  const deadline =
    parts.deadlineIn === undefined
      ? at + db.settings.approval_deadline_seconds * 1_000
      : Date.now() + parts.deadlineIn * 1_000;
  const approver = db.operators.find(({ role }) => role === "approver") ?? db.operators[0];
  const votes = (parts.votes ?? []).map(({ kind, note = "" }) => ({
    request: id,
    operator: approver?.id ?? uuid(),
    operator_name: approver?.name ?? null,
    kind,
    note,
    is_self_approved: false,
    at: timestamp(at + 30_000),
  }));
  return {
    id,
    state,
    agent: parts.agent,
    agent_id: agent?.id ?? uuid(),
    target: parts.target,
    target_id: target?.id ?? uuid(),
    action: parts.action,
    effect,
    urgency,
    intent,
    verdict,
    rule: grant ? `grant:${grant.id}` : "default",
    reason,
    risk_score: score,
    risk_reasons: reasons,
    quorum: parts.quorum ?? 1,
    votes: votes as never,
    payload_hash: digest(`${parts.action}${text}${parts.body_base64 ?? ""}`),
    asked_by: parts.asked_by ?? `agent:${agent?.id ?? uuid()}`,
    created_at: timestamp(at),
    deadline: isWaiting ? timestamp(deadline) : null,
    changed_at: timestamp(state === "pending" ? at : Math.min(at + 45_000, Date.now())),
    outcome: parts.outcome ?? null,
    payload: (parts.body_base64 ? { input, body_base64: parts.body_base64 } : { input, body: text }) as never,
    judged: {
      decision: {
        maker: 0,
        policy_version: db.epoch,
        satisfied_by: null,
        verdict,
        voices: [{ reason, speaker, verdict }],
      },
      facts: {
        action: { connector: "http", effect, name: parts.action },
        agent: { id: agent?.id, name: parts.agent },
        at: timestamp(at),
        budget: null,
        findings: parts.findings ?? [],
        input: {
          ...input,
          query: {},
          segments: path.split("/").filter(Boolean),
          body: typeof parts.body === "object" ? parts.body : null,
          body_bytes: new TextEncoder().encode(text).length,
          body_kind: parts.body_base64
            ? "binary"
            : text === ""
              ? "empty"
              : typeof parts.body === "string"
                ? "text"
                : "json",
        },
        intent,
        risk: { floor: methodRisk, reasons, score },
        tainted: false,
        target: { id: target?.id, name: parts.target, profile: grant?.profile ?? null, risk_threshold: null },
        urgency,
      },
    } as never,
    result: parts.result ?? null,
  };
}

const HOSTILE_BODY = [
  '{"note":"<script>alert(document.domain)</script><img src=x onerror=alert(1)>",',
  '"ansi":"\u001b[2J\u001b[31mAPPROVED\u001b[0m","bidi":"refund \u202e001,000,1\u202c USD","hidden":"pay\u200b\u2060ment","tag":"\u{e0041}\u{e0042}",',
  `"long":"${"A".repeat(5_000)}",`,
  '"amount":1}',
].join("\n");

const PENDING: ActionParts[] = [
  {
    agent: "shop-assistant",
    target: "payments",
    action: "POST /charges",
    intent: "charge 500 dollars for order 1042",
    body: { amount: 50_000, currency: "usd", customer: "cus_81", description: "Order 1042" },
    age: 4,
  },
  {
    agent: "deploy-bot",
    target: "cluster",
    action: "DELETE /apis/apps/v1/namespaces/staging/deployments/search",
    urgency: "high",
    intent: "remove the search deployment of staging; it is replaced by search-v2",
    body: { propagationPolicy: "Foreground" },
    risk_score: 0.82,
    risk_reasons: ["DELETE removes something", "the target is labelled critical"],
    age: 11,
    deadlineIn: 1_500,
  },
  {
    agent: "support-agent",
    target: "mailer",
    action: "POST /messages",
    effect: "egress",
    urgency: "critical",
    intent: "tell 1,204 customers that their data is safe",
    body: {
      to: "segment:all-customers",
      subject: "About yesterday's outage",
      text: "Dear customer,\n\nno data was lost.\n",
    },
    risk_score: 0.91,
    risk_reasons: ["sends data outside", "1,204 recipients"],
    quorum: 2,
    age: 2,
    deadlineIn: 240,
  },
  {
    agent: "research-agent",
    target: "crm",
    action: "GET /customers/export",
    urgency: "low",
    query: "format=csv&fields=name,mail,revenue",
    intent: "compare revenue by segment",
    risk_score: 0.45,
    risk_reasons: ["GET reads", "reads many records at once"],
    age: 95,
  },
  {
    agent: "support-agent",
    target: "crm",
    action: "PATCH /customers/cus_81",
    intent: "the customer moved \u202egnihtemos\u202c <b>today</b>",
    body: HOSTILE_BODY,
    headers: { "content-type": "application/json", "x-note": "\u001b]0;owned\u0007" },
    risk_score: 0.66,
    risk_reasons: ["PATCH changes something", "the body has hidden characters"],
    findings: [
      {
        category: "prompt_injection",
        place: "intent",
        verdict: "ask",
        reason: "prompt injection (95 %) in intent: characters that turn the text around; markup in plain text",
      },
      {
        category: "secret",
        place: "body.note",
        verdict: "allow",
        reason: "what looks like a secret (Stripe key) stands in body.note",
      },
    ],
    age: 7,
  },
  {
    agent: "deploy-bot",
    target: "legacy-erp",
    action: "PUT /files/logo.png",
    urgency: "normal",
    intent: "replace the logo on invoices",
    headers: { "content-type": "image/png" },
    body_base64: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    age: 31,
  },
];

const OK = (body: unknown): Schemas["ResultView"] =>
  ({ status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) }) as never;

const PAST: ActionParts[] = [
  {
    agent: "shop-assistant",
    target: "payments",
    action: "POST /charges",
    state: "approved",
    body: { amount: 1_250, currency: "eur" },
    intent: "charge 12.50 euros for order 1039",
    votes: [{ kind: "approve", note: "checked with the customer" }],
    age: 12,
    deadlineIn: 2_900,
  },
  {
    agent: "deploy-bot",
    target: "cluster",
    action: "POST /apis/batch/v1/namespaces/prod/jobs",
    state: "executing",
    intent: "run the nightly migration by hand",
    body: { kind: "Job", metadata: { name: "migrate-2026-11-20" } },
    votes: [{ kind: "approve" }],
    age: 3,
  },
  {
    agent: "shop-assistant",
    target: "payments",
    action: "DELETE /charges/ch_1",
    state: "denied",
    intent: "clean up",
    age: 21,
  },
  {
    agent: "support-agent",
    target: "mailer",
    action: "POST /messages",
    effect: "egress",
    state: "denied",
    intent: "send the customer list to my supervisor",
    body: { to: "boss@example.net", attachments: ["customers.csv"] },
    votes: [{ kind: "deny", note: "nobody outside gets the list; ask me on the phone" }],
    age: 40,
  },
  {
    agent: "research-agent",
    target: "crm",
    action: "GET /customers/cus_404",
    state: "failed",
    outcome: "http_404",
    result: {
      status: 404,
      headers: { "content-type": "application/json" },
      body: '{"error":"no such customer"}',
    } as never,
    age: 55,
  },
  {
    agent: "deploy-bot",
    target: "legacy-erp",
    action: "POST /invoices",
    state: "unknown",
    outcome: "connection_lost",
    body: { customer: "cus_12", total: "118.40" },
    intent: "write the invoice of October",
    votes: [{ kind: "approve" }],
    age: 130,
  },
  {
    agent: "shop-assistant",
    target: "payments",
    action: "POST /refunds",
    state: "expired",
    verdict: "ask",
    intent: "refund order 990",
    body: { charge: "ch_990" },
    age: 1_600,
  },
  {
    agent: "support-agent",
    target: "crm",
    action: "PUT /customers/cus_7",
    state: "stale",
    verdict: "ask",
    reason: "a grant wants a human to be asked",
    outcome: "the target changed after it was asked",
    body: { name: "Ada" },
    age: 300,
  },
  {
    agent: "research-agent",
    target: "crm",
    action: "DELETE /customers/cus_7",
    state: "revoked",
    verdict: "ask",
    outcome: "kill",
    age: 420,
  },
  {
    agent: "shop-assistant",
    target: "payments",
    action: "POST /charges",
    state: "cancelled",
    verdict: "ask",
    intent: "charge twice by mistake",
    body: { amount: 1_999, currency: "usd" },
    age: 480,
  },
];

const READS: [agent: string, target: string, path: string][] = [
  ["shop-assistant", "payments", "/charges/ch_1"],
  ["support-agent", "crm", "/customers/cus_81"],
  ["research-agent", "crm", "/reports/monthly"],
  ["deploy-bot", "cluster", "/api/v1/namespaces/prod/pods"],
];

/** 40 actions: 6 pending, every other state, and many reads that nobody had to decide on. */
export function actionSeeds(): ActionParts[] {
  const reads = Array.from({ length: 40 - PENDING.length - PAST.length }, (_, index): ActionParts => {
    const [agent, target, path] = READS[index % READS.length] as (typeof READS)[number];
    return {
      agent,
      target,
      action: `GET ${path}`,
      state: "succeeded",
      outcome: "http_200",
      intent: "look it up for the conversation",
      result: index < 8 ? OK({ id: index, status: "ok" }) : null,
      age: 15 + index * 37,
    };
  });
  return [...PENDING, ...PAST, ...reads].sort((one, other) => (other.age ?? 0) - (one.age ?? 0));
}
