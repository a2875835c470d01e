import type { Schemas } from "@/api/client";
import { db, find, record, timestamp } from "../db";
import { caller } from "../guard";
import { uuid } from "../ids";
import { conflict, invalid, nameTaken, notFound } from "../problem";
import { expiry, name, page, read, route } from "../route";

const VERDICTS = ["allow", "ask", "deny", "by_policy"];

function verdict(value: unknown): string {
  if (!VERDICTS.includes(String(value))) {
    throw invalid("verdict", "unknown verdict, expected allow, ask, deny, by_policy");
  }
  return String(value);
}

export const grantHandlers = [
  route("get", "/api/v1/grants", ({ request, url }) => {
    caller(request, "config_read");
    const named = (items: { id: string; name: string }[], what: string) => {
      const text = url.searchParams.get(what);
      if (text === null) return undefined;
      const found = find(items, text);
      if (!found) throw invalid(what, `there is no such ${what}`);
      return found.id;
    };
    const agent = named(db.agents, "agent");
    const target = named(db.targets, "target");
    const items = db.grants.filter((it) => (!agent || it.agent === agent) && (!target || it.target === target));
    return page(url, items);
  }),
  route(
    "post",
    "/api/v1/grants",
    async ({ request }) => {
      const { actor } = caller(request, "config_write");
      const body = await read<Schemas["GrantBody"]>(request, [
        "agent",
        "target",
        "profile",
        "action",
        "verdict",
        "labels",
        "expires",
        "expires_in_seconds",
      ]);
      const agent = find(db.agents, body.agent ?? "");
      if (!agent) throw invalid("agent", "there is no such agent");
      const target = find(db.targets, body.target ?? "");
      if (!target) throw invalid("target", "there is no such target");
      const profiles = db.profiles.filter((it) => it.target === target.id);
      const profile = find(profiles, body.profile ?? "default");
      if (!profile) throw invalid("profile", "there is no such profile");
      const isHttp = target.connector === "http";
      if (isHttp && !/^(\*|[A-Z]+) \/\S*$/.test(body.action ?? "")) {
        throw invalid("action", "not an action of http: expected a method and a path, such as GET /charges/*");
      }
      const isSame = (it: Schemas["GrantView"]) => it.profile === profile.id && it.action === body.action;
      if (db.grants.some((it) => it.agent === agent.id && isSame(it))) {
        throw conflict("already_exists", "there is already a grant for this: remove it first", { field: "action" });
      }
      const grant = {
        id: uuid(),
        agent: agent.id,
        target: target.id,
        profile: profile.id,
        action: body.action,
        verdict: verdict(body.verdict),
        expires_at: expiry(body),
        labels: body.labels ?? {},
        created_at: timestamp(),
      };
      db.grants.push(grant);
      const subject = `grant:${grant.id} ${agent.name} on ${target.name}/${profile.name}: ${grant.action}`;
      record("config.grant.created", { actor, subject, outcome: grant.verdict });
      return grant;
    },
    201,
  ),
  route("delete", "/api/v1/grants/:id", ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const grant = db.grants.find(({ id }) => id === param("id"));
    if (!grant) throw notFound("grant");
    db.grants = db.grants.filter((it) => it !== grant);
    record("config.grant.removed", { actor, subject: `grant:${grant.id}` });
  }),
  route("get", "/api/v1/rules", ({ request, url }) => {
    caller(request, "config_read");
    return page(url, db.rules);
  }),
  route(
    "post",
    "/api/v1/rules",
    async ({ request }) => {
      const { actor } = caller(request, "config_write");
      const body = await read<Schemas["RuleBody"]>(request, [
        "name",
        "kind",
        "labels",
        "match",
        "priority",
        "reason",
        "verdict",
        "ask",
        "mode",
      ]);
      const ruleName = name(body.name);
      if (find(db.rules, ruleName)) throw nameTaken("a rule", ruleName);
      const rule: Schemas["RuleView"] = {
        id: uuid(),
        name: ruleName,
        kind: body.kind ?? "rule",
        labels: body.labels ?? {},
        match: body.match ?? ({} as never),
        mode: body.mode ?? "enforce",
        ask: body.ask ?? ({} as never),
        priority: body.priority ?? 100,
        reason: body.reason ?? "",
        verdict: verdict(body.verdict),
        created_at: timestamp(),
      };
      db.rules.push(rule);
      record("config.rule.created", { actor, subject: `rule:${rule.id} ${rule.name}` });
      return rule;
    },
    201,
  ),
  route("get", "/api/v1/rules/:id", ({ request, param }) => {
    caller(request, "config_read");
    const rule = find(db.rules, param("id"));
    if (!rule) throw notFound("rule");
    return rule;
  }),
  route("patch", "/api/v1/rules/:id", async ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const rule = find(db.rules, param("id"));
    if (!rule) throw notFound("rule");
    const body = await read<Schemas["RuleChangeBody"]>(request, [
      "kind",
      "labels",
      "match",
      "priority",
      "reason",
      "verdict",
      "ask",
      "mode",
    ]);
    Object.assign(rule, body);
    record("config.rule.updated", { actor, subject: `rule:${rule.id} ${rule.name}` });
    return rule;
  }),
  route("delete", "/api/v1/rules/:id", ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const rule = find(db.rules, param("id"));
    if (!rule) throw notFound("rule");
    db.rules = db.rules.filter((it) => it !== rule);
    record("config.rule.removed", { actor, subject: `rule:${rule.id} ${rule.name}` });
  }),
];
