import type { Schemas } from "@/api/client";
import { db, find, type Key, record, timestamp } from "../db";
import { caller, requireProof } from "../guard";
import { secret, uuid } from "../ids";
import { checkRevision, forbidden, invalid, nameTaken, notFound } from "../problem";
import { expiry, name, page, read, route } from "../route";

const SCOPES: readonly string[] = [
  "admin",
  "request:create",
  "request:read",
  "request:decide",
  "audit:read",
  "key:manage",
  "metrics:read",
];

type Agent = Schemas["AgentView"];

const subject = (agent: Agent) => `agent:${agent.id} ${agent.name}`;
const keyView = ({ secret: _, ...key }: Key): Schemas["KeyView"] => key;

function agentOf(nameOrId: string): Agent {
  const agent = find(db.agents, nameOrId);
  if (!agent) throw notFound("agent");
  return agent;
}

function mint(parts: Partial<Key> & { name: string; scopes: string[] }): Key {
  const value = secret("cs");
  const key = {
    id: uuid(),
    prefix: value.slice(0, 11),
    created_at: timestamp(),
    expires_at: null,
    revoked_at: null,
    rate_limit_per_minute: null,
    targets: [],
    secret: value,
    ...parts,
  };
  db.keys.push(key);
  return key;
}

export const agentHandlers = [
  route("get", "/api/v1/agents", ({ request, url }) => {
    caller(request, "config_read");
    return page(url, db.agents);
  }),
  route(
    "post",
    "/api/v1/agents",
    async ({ request }) => {
      const { actor } = caller(request, "config_write");
      const body = await read<Schemas["AgentBody"]>(request, ["name", "description", "labels"]);
      const agent: Agent = {
        id: uuid(),
        name: name(body.name),
        description: body.description ?? "",
        labels: body.labels ?? {},
        revision: 1,
        created_at: timestamp(),
      };
      if (find(db.agents, agent.name)) throw nameTaken("an agent", agent.name);
      db.agents.push(agent);
      record("config.agent.created", { actor, subject: subject(agent) });
      const key = mint({ name: "default", agent: agent.id, scopes: ["request:create", "request:read"] });
      return { ...agent, key_id: key.id, key: key.secret };
    },
    201,
  ),
  route("get", "/api/v1/agents/:id", ({ request, param }) => {
    caller(request, "config_read");
    return agentOf(param("id"));
  }),
  route("patch", "/api/v1/agents/:id", async ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const agent = agentOf(param("id"));
    const body = await read<Schemas["AgentChangeBody"]>(request, ["description", "labels", "expected_revision"]);
    checkRevision("the agent", body.expected_revision, agent.revision);
    agent.revision += 1;
    if (body.description != null) agent.description = body.description;
    if (body.labels != null) agent.labels = body.labels;
    record("config.agent.updated", { actor, subject: subject(agent) });
    return agent;
  }),
  route("delete", "/api/v1/agents/:id", ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const agent = agentOf(param("id"));
    db.agents = db.agents.filter(({ id }) => id !== agent.id);
    db.grants = db.grants.filter((grant) => grant.agent !== agent.id);
    for (const key of db.keys) if (key.agent === agent.id) key.revoked_at ??= timestamp();
    record("config.agent.removed", { actor, subject: subject(agent) });
  }),
  route("get", "/api/v1/keys", ({ request, url }) => {
    caller(request, "config_read");
    return page(url, db.keys.map(keyView));
  }),
  route(
    "post",
    "/api/v1/keys",
    async ({ request }) => {
      const who = caller(request, "key_manage");
      const body = await read<Schemas["KeyBody"]>(request, [
        "agent",
        "operator",
        "name",
        "scopes",
        "expires",
        "expires_in_seconds",
        "rate_limit_per_minute",
      ]);
      if ((body.agent == null) === (body.operator == null)) {
        throw invalid("agent", "name whose key it is: either agent or operator");
      }
      const agent = body.agent == null ? undefined : find(db.agents, body.agent);
      const operator = body.operator == null ? undefined : find(db.operators, body.operator);
      if (body.agent != null && !agent) throw invalid("agent", "there is no such agent");
      if (body.operator != null && !operator) throw invalid("operator", "there is no such operator");
      const scopes = body.scopes?.length
        ? body.scopes
        : agent
          ? ["request:create", "request:read"]
          : ["admin", "request:decide"];
      for (const scope of scopes) if (!SCOPES.includes(scope)) throw invalid("scopes", `unknown scope ${scope}`);
      if (agent && scopes.includes("request:decide")) throw forbidden("an agent never decides");
      requireProof(who);
      const key = mint({
        name: name(body.name),
        ...(agent ? { agent: agent.id } : { operator: operator?.id ?? "" }),
        scopes,
        expires_at: expiry(body),
        rate_limit_per_minute: body.rate_limit_per_minute ?? null,
      });
      record("config.key.created", { actor: who.actor, subject: `key:${key.id} ${key.name}` });
      return { ...keyView(key), key: key.secret };
    },
    201,
  ),
  route("get", "/api/v1/keys/:id", ({ request, param }) => {
    caller(request, "config_read");
    const key = db.keys.find(({ id }) => id === param("id"));
    if (!key) throw notFound("key");
    return keyView(key);
  }),
  route("delete", "/api/v1/keys/:id", ({ request, param }) => {
    const who = caller(request, "key_manage");
    requireProof(who);
    const key = db.keys.find(({ id }) => id === param("id"));
    if (!key) throw notFound("key");
    key.revoked_at ??= timestamp();
    record("config.key.revoked", { actor: who.actor, subject: `key:${key.id} ${key.name}` });
    return keyView(key);
  }),
];
