/** A small company's gateway: what tests and the development server start with. */
import { csrf } from "@/api/session";
import { clear, db, find, type Role, record, timestamp } from "../db";
import { makeCheckpoint } from "../handlers/audit";
import { addProfile, LIMITS } from "../handlers/targets";
import { secret, uuid } from "../ids";
import { type ActionParts, actionSeeds, makeAction } from "./actions";

const DAY = 86_400_000;

/** What the operators of the seed sign in with. */
export const PASSWORDS = {
  owner: "correct horse battery",
  alex: "approve with care",
  vera: "only looking here",
} as const;
export const SIGN_IN_TOKEN = "cst_owner-token-for-the-mock";
export const OPERATOR_KEY = "cs_operator-key-for-the-mock";
export const SETUP_TOKEN = "cst_setup-token-for-the-mock-AAAAAAAAAAAAAAAAAAAAAA";

const OPERATORS: [name: keyof typeof PASSWORDS | "former", role: Role][] = [
  ["owner", "owner"],
  ["alex", "approver"],
  ["vera", "viewer"],
  ["former", "approver"],
];

const AGENTS: [name: string, description: string, labels: Record<string, string>][] = [
  ["shop-assistant", "answers shoppers and takes orders", { team: "shop" }],
  ["deploy-bot", "ships what was merged", { team: "platform", critical: "yes" }],
  ["support-agent", "writes to customers", { team: "support" }],
  ["research-agent", "", {}],
];

const TARGETS: [name: string, url: string, credential: string | undefined, isPrivate: boolean][] = [
  ["payments", "https://api.payments.example/v1", "bearer", false],
  ["crm", "https://crm.example.com/api", "api_key_header", false],
  ["mailer", "https://mail.example.com/v3", "basic", false],
  ["cluster", "https://10.20.0.1:6443", "bearer", true],
  ["legacy-erp", "http://192.168.7.20:8080", undefined, true],
];

const GRANTS: [agent: string, target: string, action: string, verdict: string, days?: number][] = [
  ["shop-assistant", "payments", "GET /charges/*", "allow"],
  ["shop-assistant", "payments", "POST /charges", "ask"],
  ["shop-assistant", "payments", "DELETE /charges/*", "deny"],
  ["deploy-bot", "cluster", "GET /**", "allow"],
  ["deploy-bot", "cluster", "* /**", "ask"],
  ["deploy-bot", "legacy-erp", "* /**", "ask", 7],
  ["support-agent", "crm", "GET /**", "allow"],
  ["support-agent", "crm", "PATCH /customers/*", "ask"],
  ["support-agent", "mailer", "POST /messages", "ask"],
  ["research-agent", "crm", "GET /**", "allow"],
  ["research-agent", "crm", "* /**", "by_policy"],
];

function people(): void {
  const now = Date.now();
  for (const [name, role] of OPERATORS) {
    const id = uuid(now - 40 * DAY);
    const password = name === "former" ? undefined : PASSWORDS[name];
    const disabled_at = name === "former" ? timestamp(now - 3 * DAY) : null;
    db.operators.push({ id, name, role, password, created_at: timestamp(now - 40 * DAY), disabled_at });
    record("config.operator.created", { subject: `operator:${id} ${name}`, outcome: role }, now - 40 * DAY);
    const sessions = name === "former" ? [] : name === "owner" ? ["Firefox on Linux", "countersign 0.1.0"] : ["Safari"];
    for (const label of sessions) {
      db.sessions.push({
        id: uuid(now - DAY / 4),
        operator: id,
        kind: label.startsWith("countersign") ? "terminal" : "browser",
        label,
        source: name === "owner" ? "127.0.0.1" : "10.20.0.14",
        last_seen_at: label.startsWith("countersign") ? null : timestamp(now - 60_000),
        created_at: timestamp(now - DAY / 4),
        proved_at: timestamp(now - DAY / 4),
        expires_at: timestamp(now + DAY / 4),
        csrf: secret("csrf"),
      });
    }
  }
  const owner = find(db.operators, "owner")?.id ?? "";
  const made = { operator: owner, created_at: timestamp(now - 20 * DAY), expires_at: null, revoked_at: null };
  db.tokens.push(
    { id: uuid(), name: "first", prefix: "cst_owner-to", secret: SIGN_IN_TOKEN, ...made },
    {
      id: uuid(),
      name: "laptop",
      prefix: "cs_9fKqLm2x",
      secret: secret("cs"),
      ...made,
      expires_at: timestamp(now + 20 * DAY),
    },
    {
      id: uuid(),
      name: "lost-phone",
      prefix: "cs_Zb81kdPq",
      secret: secret("cs"),
      ...made,
      revoked_at: timestamp(now - DAY),
    },
  );
  const key = { ...made, rate_limit_per_minute: null, targets: [] };
  db.keys.push({
    id: uuid(now - 20 * DAY),
    name: "admin",
    prefix: OPERATOR_KEY.slice(0, 11),
    scopes: ["admin", "request:decide"],
    secret: OPERATOR_KEY,
    ...key,
  });
}

function things(): void {
  const now = Date.now();
  const at = timestamp(now - 30 * DAY);
  const actor = `operator:${find(db.operators, "owner")?.id}`;
  for (const [name, description, labels] of AGENTS) {
    const id = uuid(now - 30 * DAY);
    const last_used_at = name === "research-agent" ? null : timestamp(now - 120_000);
    db.agents.push({ id, name, description, labels: labels as never, revision: 1, last_used_at, created_at: at });
    record("config.agent.created", { actor, subject: `agent:${id} ${name}` }, now - 30 * DAY);
    for (const keyName of name === "shop-assistant" ? ["default", "old"] : ["default"]) {
      const value = secret("cs");
      db.keys.push({
        id: uuid(now - 30 * DAY),
        name: keyName,
        agent: id,
        scopes: ["request:create", "request:read"],
        prefix: value.slice(0, 11),
        rate_limit_per_minute: name === "research-agent" ? 60 : null,
        targets: [],
        created_at: at,
        expires_at: name === "deploy-bot" ? timestamp(now + 5 * DAY) : null,
        revoked_at: keyName === "old" ? timestamp(now - 10 * DAY) : null,
        last_used_at: keyName === "old" ? timestamp(now - 11 * DAY) : last_used_at,
        secret: value,
      });
    }
  }
  for (const [name, url, credential, isPrivate] of TARGETS) {
    const target = {
      id: uuid(now - 29 * DAY),
      name,
      connector: "http",
      config: { base_url: url },
      allow_private_network: isPrivate,
      limits: LIMITS,
      risk_threshold: name === "payments" ? 0.8 : null,
      labels: name === "cluster" ? { critical: "yes" } : {},
      revision: 1,
      approval_revision: 1,
      created_at: at,
    } as never;
    db.targets.push(target);
    const added = db.targets.at(-1) as (typeof db.targets)[number];
    addProfile(added, "default");
    if (name === "payments") addProfile(added, "refunds", { total_millis: 10_000 });
    record("config.target.created", { actor, subject: `target:${added.id} ${name}` }, now - 29 * DAY);
    if (credential) {
      db.credentials.push({
        id: uuid(now - 29 * DAY),
        target: name,
        profile: "default",
        type: credential,
        shown_as: credential === "api_key_header" ? "X-Api-Key" : "Authorization",
        set_at: at,
        set_by: actor,
        revision: 1,
      });
      record("config.credential.set", { actor, subject: `credential:${name}/default ${credential}` }, now - 29 * DAY);
    }
  }
  for (const [agentName, targetName, action, verdict, days] of GRANTS) {
    const agent = find(db.agents, agentName);
    const target = find(db.targets, targetName);
    const profile = db.profiles.find((it) => it.target === target?.id);
    if (!agent || !target || !profile) continue;
    const id = uuid(now - 28 * DAY);
    const expires_at = days ? timestamp(now + days * DAY) : null;
    const grant = { agent: agent.id, target: target.id, profile: profile.id, action, verdict };
    db.grants.push({ id, ...grant, expires_at, labels: {} as never, created_at: at });
    const subject = `grant:${id} ${agentName} on ${targetName}/default: ${action}`;
    record("config.grant.created", { actor, subject, outcome: verdict }, now - 28 * DAY);
  }
}

const KINDS: Record<string, string> = { allow: "action.executed", ask: "action.asked", deny: "action.denied" };

/** Lets an action arrive: it is there, and the ledger says so. */
export function arrive(parts: ActionParts) {
  const action = makeAction(parts);
  db.actions.push(action);
  const target = find(db.targets, action.target);
  const { verdict, rule, asked_by: actor, outcome } = action;
  const about = {
    actor,
    action_id: action.id,
    subject: `target:${target?.id}`,
    verdict,
    rule,
    policy_version: db.epoch,
  };
  const kind = KINDS[verdict] ?? "action.asked";
  record(kind, { ...about, ...(verdict === "allow" && outcome ? { outcome } : {}) }, Date.parse(action.created_at));
  return action;
}

/** Makes the state anew: everything there, and nobody signed in. */
export function seed(): void {
  clear();
  record("gateway.onboarded", { outcome: "with_decide" }, Date.now() - 40 * DAY);
  people();
  things();
  makeCheckpoint(Date.now() - 2 * DAY);
  for (const parts of actionSeeds()) arrive(parts);
  makeCheckpoint(Date.now() - 600_000);
}

const NAMES: Record<Role, string> = { owner: "owner", approver: "alex", viewer: "vera" };

/** Signs the browser in as the first operator with the role, with a proof that is fresh unless said otherwise. */
export function signInAs(role: Role, { isProved = true } = {}): void {
  const operator = find(db.operators, NAMES[role]);
  const session = db.sessions.find((it) => it.operator === operator?.id && it.kind === "browser");
  if (!session) throw new Error(`the seed has no session of a ${role}`);
  session.proved_at = timestamp(isProved ? Date.now() : Date.now() - 600_000);
  db.current = session.id;
  csrf.set(session.csrf);
}

/** Makes the gateway one that was never set up. */
export function neverSetUp({ needsPassphrase = true } = {}): void {
  clear();
  db.setup = { token: SETUP_TOKEN, triesLeft: 5, needsPassphrase };
}
