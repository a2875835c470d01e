import type { Schemas } from "@/api/client";
import { db, find, nameOfActor, record, timestamp } from "../db";
import { caller } from "../guard";
import { uuid } from "../ids";
import { checkRevision, conflict, invalid, nameTaken, notFound } from "../problem";
import { name, page, read, route } from "../route";
import { connectors } from "../seed/connectors";

type Target = Schemas["TargetView"];

export const LIMITS = {
  request_bytes: 10_485_760,
  response_bytes: 104_857_600,
  kept_response_bytes: 10_485_760,
  header_bytes: 65_536,
  first_byte_millis: 30_000,
  total_millis: 300_000,
};

const BODY = [
  "name",
  "connector",
  "config",
  "base_url",
  "allow_private_network",
  "limits",
  "risk_threshold",
  "labels",
] as const;

const subject = (target: Target) => `target:${target.id} ${target.name}`;

function targetOf(nameOrId: string): Target {
  const target = find(db.targets, nameOrId);
  if (!target) throw notFound("target");
  return target;
}

function checkConfig(connector: string, config: Record<string, unknown>): void {
  if (!connectors.some((it) => it.name === connector)) throw invalid("connector", "there is no such connector");
  const url = config.base_url;
  if (connector === "http" && !(typeof url === "string" && /^https?:\/\/[^\s/?#]+/.test(url))) {
    throw invalid("config.base_url", "not an address: expected https://host/path");
  }
}

export function addProfile(target: Target, profileName: string, limits: object = {}): void {
  db.profiles.push({ id: uuid(), target: target.id, name: profileName, limits: limits as never, revision: 1 });
}

const profilesOf = (target: Target) => db.profiles.filter((profile) => profile.target === target.id);

export const targetHandlers = [
  route("get", "/api/v1/connectors", ({ request }) => {
    caller(request, "config_read");
    return { items: connectors, next: null };
  }),
  route("get", "/api/v1/targets", ({ request, url }) => {
    caller(request, "config_read");
    return page(url, db.targets);
  }),
  route(
    "post",
    "/api/v1/targets",
    async ({ request }) => {
      const { actor } = caller(request, "config_write");
      const body = await read<Schemas["TargetBody"]>(request, BODY);
      const config = { ...(body.config ?? {}), ...(body.base_url ? { base_url: body.base_url } : {}) };
      const targetName = name(body.name);
      checkConfig(body.connector, config);
      if (body.risk_threshold != null && !(body.risk_threshold >= 0 && body.risk_threshold <= 1)) {
        throw invalid("risk_threshold", "risk_threshold must be between 0 and 1");
      }
      if (find(db.targets, targetName)) throw nameTaken("a target", targetName);
      const target = {
        id: uuid(),
        name: targetName,
        connector: body.connector,
        config,
        allow_private_network: body.allow_private_network ?? false,
        limits: { ...LIMITS, ...(body.limits ?? {}) },
        risk_threshold: body.risk_threshold ?? null,
        labels: body.labels ?? {},
        revision: 1,
        approval_revision: 1,
        created_at: timestamp(),
      } as unknown as Target;
      db.targets.push(target);
      addProfile(target, "default");
      record("config.target.created", { actor, subject: subject(target) });
      return target;
    },
    201,
  ),
  route("get", "/api/v1/targets/:id", ({ request, param }) => {
    caller(request, "config_read");
    return targetOf(param("id"));
  }),
  route("patch", "/api/v1/targets/:id", async ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const target = targetOf(param("id"));
    const fields = [...BODY.slice(1), "expected_revision"] as never;
    const { base_url, expected_revision, ...body } = await read<Schemas["TargetChangeBody"]>(request, fields);
    checkRevision("the target", expected_revision, target.revision);
    const config = { ...(body.config ?? target.config), ...(base_url ? { base_url } : {}) } as Record<string, unknown>;
    checkConfig(target.connector, config);
    const limits = { ...(target.limits as object), ...(body.limits ?? {}) };
    Object.assign(target, body, {
      config,
      limits,
      revision: target.revision + 1,
      approval_revision: target.approval_revision + 1,
    });
    record("config.target.updated", { actor, subject: subject(target) });
    return target;
  }),
  route("delete", "/api/v1/targets/:id", ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const target = targetOf(param("id"));
    db.targets = db.targets.filter(({ id }) => id !== target.id);
    db.profiles = db.profiles.filter((profile) => profile.target !== target.id);
    db.credentials = db.credentials.filter((credential) => credential.target !== target.name);
    db.grants = db.grants.filter((grant) => grant.target !== target.id);
    record("config.target.removed", { actor, subject: subject(target) });
  }),
  route("post", "/api/v1/targets/:id/test", ({ request, param }) => {
    caller(request, "config_write");
    const target = targetOf(param("id"));
    const isDead = target.name.includes("legacy");
    const detail = isDead ? "the connection was refused: is the service running?" : "it answered with status 200";
    return { ok: !isDead, detail } satisfies Schemas["TargetTestView"];
  }),
  route("get", "/api/v1/targets/:id/profiles", ({ request, param }) => {
    caller(request, "config_read");
    return { items: profilesOf(targetOf(param("id"))).map(({ target: _, ...profile }) => profile), next: null };
  }),
  route(
    "post",
    "/api/v1/targets/:id/profiles",
    async ({ request, param }) => {
      const { actor } = caller(request, "config_write");
      const target = targetOf(param("id"));
      const body = await read<Schemas["ProfileBody"]>(request, ["name", "limits"]);
      const profileName = name(body.name);
      if (find(profilesOf(target), profileName)) throw nameTaken("a profile", profileName);
      addProfile(target, profileName, body.limits ?? {});
      record("config.profile.created", { actor, subject: `profile:${target.name}/${profileName}` });
      const { target: _, ...added } = db.profiles.at(-1) as (typeof db.profiles)[number];
      return added;
    },
    201,
  ),
  route("delete", "/api/v1/targets/:id/profiles/:name", ({ request, param }) => {
    const { actor } = caller(request, "config_write");
    const target = targetOf(param("id"));
    const profile = find(profilesOf(target), param("name"));
    if (!profile) throw notFound("profile");
    if (profile.name === "default") {
      throw conflict("default_profile", "the default profile goes with its target: remove that instead");
    }
    db.profiles = db.profiles.filter(({ id }) => id !== profile.id);
    db.grants = db.grants.filter((grant) => grant.profile !== profile.id);
    record("config.profile.removed", { actor, subject: `profile:${target.name}/${profile.name}` });
  }),
  route("get", "/api/v1/credentials", ({ request, url }) => {
    caller(request, "config_read");
    return page(
      url,
      db.credentials.map((it) => ({ ...it, set_by_name: it.set_by ? nameOfActor(it.set_by) : null })),
    );
  }),
  route(
    "post",
    "/api/v1/credentials",
    async ({ request }) => {
      const { actor } = caller(request, "config_write");
      const body = await read<Schemas["CredentialBody"]>(request, ["target", "profile", "type", "value", "fields"]);
      const target = find(db.targets, body.target ?? "");
      if (!target) throw invalid("target", "there is no such target");
      const profileName = body.profile ?? "default";
      if (!find(profilesOf(target), profileName)) throw invalid("profile", "there is no such profile");
      const types = connectors.find((it) => it.name === target.connector)?.credential_types ?? [];
      if (!types.includes(body.type)) throw invalid("type", `expected one of ${types.join(", ")}`);
      if (!body.value && !body.fields) throw invalid("value", "give the secret: value or fields");
      const before = db.credentials.find((it) => it.target === target.name && it.profile === profileName);
      db.credentials = db.credentials.filter((it) => it !== before);
      const credential = {
        id: before?.id ?? uuid(),
        target: target.name,
        profile: profileName,
        type: body.type,
        shown_as: body.type === "bearer" || body.type === "basic" ? "Authorization" : "X-Api-Key",
        set_at: timestamp(),
        set_by: actor,
        revision: (before?.revision ?? 0) + 1,
      };
      db.credentials.push(credential);
      record("config.credential.set", { actor, subject: `credential:${target.name}/${profileName} ${body.type}` });
      return credential;
    },
    201,
  ),
  route("delete", "/api/v1/credentials/:target", ({ request, param, url }) => {
    const { actor } = caller(request, "config_write");
    const target = targetOf(param("target"));
    const profile = url.searchParams.get("profile") ?? "default";
    const found = db.credentials.find((it) => it.target === target.name && it.profile === profile);
    if (!found) throw notFound("credential");
    db.credentials = db.credentials.filter((it) => it !== found);
    record("config.credential.removed", { actor, subject: `credential:${target.name}/${profile}` });
  }),
];
