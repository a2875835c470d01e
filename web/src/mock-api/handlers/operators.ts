import type { Schemas } from "@/api/client";
import { db, find, type Operator, type Role, record, timestamp } from "../db";
import { caller, may, requireProof } from "../guard";
import { secret, uuid } from "../ids";
import { conflict, forbidden, invalid, nameTaken, notFound } from "../problem";
import { expiry, name, page, read, route } from "../route";

const ROLES: readonly string[] = ["owner", "approver", "viewer"] satisfies Role[];

const view = ({ password, ...rest }: Operator): Schemas["OperatorView"] => ({
  ...rest,
  has_password: password !== undefined,
});
const subject = (operator: Operator) => `operator:${operator.id} ${operator.name}`;

function role(value: unknown): Role {
  if (!ROLES.includes(String(value))) throw invalid("role", "unknown role, expected owner, approver, viewer");
  return value as Role;
}

function password(value: string): string {
  if ([...value].length < 12) throw invalid("password", "a password has at least 12 characters");
  return value;
}

function enabled(nameOrId: string): Operator {
  const operator = find(db.operators, nameOrId);
  if (!operator || operator.disabled_at) throw notFound("operator");
  return operator;
}

function requireAnotherOwner(operator: Operator): void {
  const owners = db.operators.filter((it) => it.role === "owner" && !it.disabled_at);
  if (operator.role === "owner" && owners.length <= 1) {
    throw conflict("last_owner", "this is the last owner: make another operator an owner first");
  }
}

function mint(operator: Operator, tokenName: string, expires_at: string | null) {
  const value = secret("cs");
  const token = {
    id: uuid(),
    name: tokenName,
    operator: operator.id,
    prefix: value.slice(0, 12),
    created_at: timestamp(),
    expires_at,
    revoked_at: null,
    secret: value,
  };
  db.tokens.push(token);
  return token;
}

function tokenView({ secret: _, ...token }: (typeof db.tokens)[number]): Schemas["TokenView"] {
  return { ...token, operator_name: find(db.operators, token.operator)?.name ?? null };
}

export const operatorHandlers = [
  route("get", "/api/v1/operators", ({ request, url }) => {
    caller(request, "config_read");
    return page(url, db.operators.map(view));
  }),
  route(
    "post",
    "/api/v1/operators",
    async ({ request }) => {
      const who = caller(request, "operator_manage");
      const body = await read<Schemas["OperatorBody"]>(request, ["name", "role", "password"]);
      requireProof(who);
      const operator: Operator = {
        id: uuid(),
        name: name(body.name),
        role: role(body.role),
        password: body.password == null ? undefined : password(body.password),
        created_at: timestamp(),
        disabled_at: null,
      };
      if (find(db.operators, operator.name)) throw nameTaken("an operator", operator.name);
      db.operators.push(operator);
      record("config.operator.created", { actor: who.actor, subject: subject(operator), outcome: operator.role });
      if (operator.password !== undefined) return view(operator);
      return { ...view(operator), token: mint(operator, operator.name, null).secret };
    },
    201,
  ),
  route("put", "/api/v1/operators/:id/password", async ({ request, param }) => {
    const own = caller(request).operator;
    const target = find(db.operators, param("id"));
    const who = caller(request, target?.id === own.id ? undefined : "operator_manage");
    const operator = enabled(param("id"));
    const body = await read<Schemas["PasswordBody"]>(request, ["password"]);
    const next = password(body.password);
    requireProof(who);
    operator.password = next;
    db.sessions = db.sessions.filter((it) => it.operator !== operator.id || it.id === who.session.id);
    record("config.operator.password_set", { actor: who.actor, subject: subject(operator) });
  }),
  route("put", "/api/v1/operators/:id/role", async ({ request, param }) => {
    const who = caller(request, "operator_manage");
    const next = role((await read<Schemas["RoleBody"]>(request, ["role"])).role);
    requireProof(who);
    const operator = enabled(param("id"));
    if (next !== "owner") requireAnotherOwner(operator);
    operator.role = next;
    record("config.operator.role_set", { actor: who.actor, subject: subject(operator), outcome: next });
    return view(operator);
  }),
  route("delete", "/api/v1/operators/:id", ({ request, param }) => {
    const who = caller(request, "operator_manage");
    requireProof(who);
    const operator = enabled(param("id"));
    requireAnotherOwner(operator);
    const at = timestamp();
    operator.disabled_at = at;
    db.sessions = db.sessions.filter((it) => it.operator !== operator.id);
    for (const it of [...db.tokens, ...db.keys]) if (it.operator === operator.id) it.revoked_at ??= at;
    record("config.operator.disabled", { actor: who.actor, subject: subject(operator) });
  }),
  route("get", "/api/v1/tokens", ({ request, url }) => {
    const { operator } = caller(request);
    const all = may(operator, "operator_manage");
    return page(url, db.tokens.filter((it) => all || it.operator === operator.id).map(tokenView));
  }),
  route(
    "post",
    "/api/v1/tokens",
    async ({ request }) => {
      const who = caller(request, "operator_manage");
      const body = await read<Schemas["TokenBody"]>(request, ["operator", "name", "expires_in_seconds", "expires"]);
      const operator = find(db.operators, body.operator ?? "");
      if (!operator) throw invalid("operator", "there is no such operator");
      if (operator.disabled_at) throw forbidden("this operator is shut out");
      requireProof(who);
      const token = mint(operator, name(body.name), expiry(body));
      record("config.token.created", { actor: who.actor, subject: `token:${token.id} ${token.name}` });
      return { ...tokenView(token), token: token.secret };
    },
    201,
  ),
  route("delete", "/api/v1/tokens/:id", ({ request, param }) => {
    const who = caller(request);
    requireProof(who);
    const token = db.tokens.find(({ id }) => id === param("id"));
    if (!token || (token.operator !== who.operator.id && !may(who.operator, "operator_manage")))
      throw notFound("token");
    token.revoked_at ??= timestamp();
    record("config.token.revoked", { actor: who.actor, subject: `token:${token.id} ${token.name}` });
    return tokenView(token);
  }),
];
