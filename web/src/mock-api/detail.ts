/** All that is known of one action, as its page and its approval card show it. */
import type { Schemas } from "@/api/client";
import { type Action, db, find } from "./db";
import type { Caller } from "./guard";
import { digest } from "./ids";

type Detail = Schemas["ActionDetail"];
type Finding = Schemas["FindingView"];

const STATES: Record<string, Action["state"]> = {
  "action.asked": "pending",
  "action.denied": "denied",
  "action.intent": "executing",
  "action.executed": "succeeded",
  "action.expired": "expired",
  "action.stale": "stale",
  "action.revoked": "revoked",
  "action.cancelled": "cancelled",
};

function actor(reference: string): Schemas["ActorView"] {
  const [kind = "system", id] = reference.split(":");
  const names: { id: string; name: string }[] =
    kind === "agent" ? db.agents : kind === "operator" ? db.operators : db.keys;
  return {
    kind: kind as Schemas["ActorView"]["kind"],
    id: id ?? null,
    name: id ? (find(names, id)?.name ?? null) : null,
  };
}

function stateAfter(entry: Schemas["EntryView"], action: Action): Action["state"] | null {
  if (entry.kind === "approval.decided") return entry.outcome?.startsWith("approved") ? "approved" : "denied";
  if (entry.kind === "action.outcome" || entry.kind === "action.settled") return action.state;
  return STATES[entry.kind] ?? null;
}

/** What scans found, with who called it wrong. */
export function findingsOf(action: Action): Finding[] {
  const judged = action.judged as unknown as { facts?: { findings?: Partial<Finding>[] } } | undefined;
  return (judged?.facts?.findings ?? []).map((finding, index) => {
    const marked = db.cases.find((it) => it.action === action.id && it.index === index);
    return {
      channel: "input",
      category: "",
      place: "",
      reason: "",
      verdict: "allow",
      excerpt: [],
      ...finding,
      index,
      ...(marked ? { marked_wrong_by: actor(`operator:${marked.operator}`), marked_wrong_at: marked.at } : {}),
    };
  });
}

export function detailOf(action: Action, { actor: me }: Caller): Detail {
  const target = find(db.targets, action.target);
  const base = (target?.config as { base_url?: string } | undefined)?.base_url ?? null;
  const credential = db.credentials.find((it) => it.target === action.target && it.profile === "default");
  const input = action.payload?.input as unknown as
    | { method: string; path: string; query: string | null; headers: Record<string, string> }
    | undefined;
  const entries = db.entries.filter((entry) => entry.action_id === action.id);
  const judged = action.judged as unknown as
    | {
        decision: {
          voices: { reason: string; speaker: { kind: string; id: string | null }; verdict: string }[];
          policy_version: number;
        };
      }
    | undefined;
  const { payload, judged: _judged, result, ...view } = action;
  const isWaiting = action.state === "pending" || action.state === "approved";
  return {
    ...view,
    payload,
    judged: action.judged,
    result,
    base_url: base,
    connector: target?.connector ?? null,
    profile: "default",
    context_hash: digest(`${action.payload_hash}${base}${credential?.revision ?? 0}`),
    findings: findingsOf(action),
    executor: "caller",
    requester: actor(action.asked_by),
    is_self_asked: action.asked_by === me,
    is_current: isWaiting ? true : null,
    entries,
    timeline: entries.map((entry) => {
      const vote = entry.kind.startsWith("approval.")
        ? action.votes.find((it) => entry.actor === `operator:${it.operator}`)
        : undefined;
      return {
        at: entry.at,
        kind: entry.kind,
        actor: actor(entry.actor),
        position: entry.position,
        outcome: entry.outcome ?? null,
        state: stateAfter(entry, action),
        vote: vote?.kind ?? null,
        note: vote?.note || null,
      };
    }),
    trace: judged && {
      verdict: action.verdict,
      policy_version: judged.decision.policy_version,
      satisfied_by: null,
      voices: judged.decision.voices.map((voice, index) => ({
        speaker: voice.speaker.kind as "grant",
        id: voice.speaker.id,
        name: db.grants.find(({ id }) => id === voice.speaker.id)?.action ?? null,
        verdict: voice.verdict as Action["verdict"],
        reason: voice.reason,
        has_decided: index === 0,
      })),
    },
    will_send:
      isWaiting && input && base
        ? {
            method: input.method,
            url: `${base}${input.path}${input.query ? `?${input.query}` : ""}`,
            headers: [
              ...Object.entries(input.headers).map(([name, value]) => ({ name, value, is_credential: false })),
              ...(credential ? [{ name: credential.shown_as.toLowerCase(), value: null, is_credential: true }] : []),
            ],
            credential_parameter: null,
          }
        : null,
  };
}
