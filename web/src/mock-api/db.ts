/** The state of the backend in memory: what the gateway keeps in its store. */
import type { Schemas } from "@/api/client";
import { digest, uuid } from "./ids";

export type Role = "owner" | "approver" | "viewer";
/** What is kept of an action; the rest of what is shown follows from it. */
export type Action = Schemas["ActionView"] & Pick<Schemas["ActionDetail"], "payload" | "judged" | "result">;
export type Entry = Schemas["EntryView"];
export type Profile = Schemas["ProfileView"] & { target: string };

export interface Operator extends Omit<Schemas["OperatorView"], "has_password"> {
  password: string | undefined;
}

export interface Session extends Omit<Schemas["SessionView"], "is_current" | "operator_name"> {
  csrf: string;
}

export type Token = Omit<Schemas["TokenView"], "operator_name"> & { secret: string };
export type Key = Schemas["KeyView"] & { secret: string };

export interface Settings {
  separation_of_duties: "loose" | "strict";
  approval_deadline_seconds: number;
  execute_ttl_seconds: number;
  sign_in: { token: boolean; password: boolean; attempts: number; lockout_seconds: number };
  session_hours: number;
  evidence_retention_days: number | null;
  evidence_body_bytes: number;
  scan: {
    input: { mode: string; warn: number | null; block: number | null };
    tool_output: { mode: string; warn: number | null; block: number | null };
    taint_minutes: number;
  };
}

/** A finding that was called wrong. */
export interface Case {
  action: string;
  index: number;
  operator: string;
  at: string;
  text: string;
}

export interface Checkpoint {
  at: string;
  note: string;
  size: number;
}

export interface Setup {
  token: string;
  triesLeft: number;
  needsPassphrase: boolean;
}

export interface Db {
  agents: Schemas["AgentView"][];
  keys: Key[];
  targets: Schemas["TargetView"][];
  profiles: Profile[];
  credentials: Schemas["CredentialView"][];
  grants: Schemas["GrantView"][];
  rules: Schemas["RuleView"][];
  /** Oldest first. */
  actions: Action[];
  entries: Entry[];
  cases: Case[];
  checkpoints: Checkpoint[];
  /** How many entries of the ledger's beginning were pruned. */
  pruned: number;
  operators: Operator[];
  sessions: Session[];
  tokens: Token[];
  kills: Schemas["KillView"][];
  settings: Settings;
  passphrase: string;
  isLocked: boolean;
  /** Set while the gateway was never onboarded. */
  setup: Setup | undefined;
  problems: Schemas["StatusProblem"][];
  verification: Schemas["LastVerificationView"] | null;
  /** The session that the browser's cookie stands for. */
  current: string | undefined;
  failures: number;
  lockedOutUntil: number;
  startedAt: number;
  epoch: number;
  /** How long an approved action waits until its agent carries it out, and then runs, in milliseconds. */
  paceMs: number;
}

const DEFAULT_SETTINGS: Settings = {
  separation_of_duties: "loose",
  approval_deadline_seconds: 86_400,
  execute_ttl_seconds: 3_600,
  sign_in: { token: true, password: true, attempts: 5, lockout_seconds: 300 },
  session_hours: 12,
  evidence_retention_days: null,
  evidence_body_bytes: 65_536,
  scan: {
    input: { mode: "warn", warn: null, block: null },
    tool_output: { mode: "taint", warn: null, block: null },
    taint_minutes: 30,
  },
};

function empty(): Db {
  return {
    agents: [],
    keys: [],
    targets: [],
    profiles: [],
    credentials: [],
    grants: [],
    rules: [],
    actions: [],
    entries: [],
    cases: [],
    checkpoints: [],
    pruned: 0,
    operators: [],
    sessions: [],
    tokens: [],
    kills: [],
    settings: structuredClone(DEFAULT_SETTINGS),
    passphrase: "correct-horse-battery-staple",
    isLocked: false,
    setup: undefined,
    problems: [],
    verification: null,
    current: undefined,
    failures: 0,
    lockedOutUntil: 0,
    startedAt: Date.now(),
    epoch: 1,
    paceMs: 20,
  };
}

/** The one state. Tests change it directly to stage what they need. */
export const db: Db = empty();

const timers = new Set<ReturnType<typeof setTimeout>>();

/** Does something a little later, unless the state is made anew before. */
export function later(milliseconds: number, work: () => void): void {
  const timer = setTimeout(() => {
    timers.delete(timer);
    work();
  }, milliseconds);
  timers.add(timer);
}

/** Makes the state empty. */
export function clear(): void {
  for (const timer of timers) clearTimeout(timer);
  timers.clear();
  Object.assign(db, empty());
}

type Listener = (entry: Entry) => void;
const listeners = new Set<Listener>();

/** Calls the listener with each entry that is recorded from now on. */
export function onEntry(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const timestamp = (at: number = Date.now()) => new Date(at).toISOString().replace("Z", "000Z");

/** Records something in the ledger. */
export function record(kind: string, parts: Partial<Entry> = {}, at: number = Date.now()): Entry {
  const position = db.entries.length + db.pruned;
  const chain = digest(`${db.entries.at(-1)?.chain ?? ""}${kind}${position}`);
  const entry = { position, id: uuid(at), at: timestamp(at), kind, actor: "system", chain, ...parts };
  db.entries.push(entry);
  for (const listener of listeners) listener(entry);
  return entry;
}

/** What an agent's or target's name is looked up in. */
export function named(kind: string): { id: string; name: string }[] {
  return kind === "agent" ? db.agents : db.targets;
}

/** Who did something, by name: `agent:ID`, `operator:ID`, `key:ID`. */
export function nameOfActor(actor: string): string | null {
  const [kind, id] = actor.split(":");
  const items = kind === "agent" ? db.agents : kind === "operator" ? db.operators : kind === "key" ? db.keys : [];
  return items.find((item) => item.id === id)?.name ?? null;
}

/** Finds by name or id, as the gateway does. */
export function find<T extends { id: string; name: string }>(items: readonly T[], nameOrId: string): T | undefined {
  return items.find((item) => item.id === nameOrId || item.name === nameOrId);
}
