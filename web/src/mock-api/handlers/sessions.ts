import type { Schemas } from "@/api/client";
import { db, later, type Operator, record, timestamp } from "../db";
import { caller, may, me, requireOpen } from "../guard";
import { secret, uuid } from "../ids";
import { invalid, notFound, Refusal } from "../problem";
import { read, route } from "../route";

type Proof = Schemas["ProofBody"];

/** Whose the credential is; counts failures as the gateway does. */
function verify(body: Proof): Operator {
  const { token, name, password, key } = body;
  const given = [token, password, key].filter((value) => typeof value === "string").length;
  if (given !== 1 || (password != null) !== (name != null)) {
    throw invalid("token", "give one of: token; name and password; key");
  }
  const { sign_in } = db.settings;
  if ((token != null && !sign_in.token) || (password != null && !sign_in.password)) {
    throw new Refusal(403, "sign_in_disabled", "this way to sign in is switched off: use another one");
  }
  const live = (until: string | null | undefined, revoked: string | null | undefined) =>
    !revoked && (!until || Date.parse(until) > Date.now());
  const owner = token
    ? db.tokens.find((it) => it.secret === token && live(it.expires_at, it.revoked_at))?.operator
    : key
      ? db.keys.find((it) => it.secret === key && live(it.expires_at, it.revoked_at))?.operator
      : db.operators.find((it) => it.name === name && it.password !== undefined && it.password === password)?.id;
  const operator = db.operators.find(({ id, disabled_at }) => id === owner && !disabled_at);
  if (operator) {
    db.failures = 0;
    return operator;
  }
  record("signin.failed", { actor: "anonymous", outcome: "wrong_credential" });
  db.failures += 1;
  if (db.failures >= sign_in.attempts) {
    if (db.lockedOutUntil < Date.now()) db.lockedOutUntil = Date.now() + sign_in.lockout_seconds * 1_000;
    throw new Refusal(
      429,
      "locked_out",
      "too many failed sign-ins: wait before the next try; a valid credential passes at once",
      { limit: "sign_in.attempts", retryAfter: Math.max(1, Math.ceil((db.lockedOutUntil - Date.now()) / 1_000)) },
    );
  }
  throw new Refusal(
    401,
    "invalid_credentials",
    "this credential signs nobody in: check it, or ask an owner for a new one",
    { tries_left: sign_in.attempts - db.failures },
  );
}

/** Begins a browser's session and answers what a sign-in answers. */
export function begin(operator: Operator, label: string): Schemas["SignedIn"] {
  const now = Date.now();
  const session = {
    id: uuid(),
    operator: operator.id,
    kind: "browser",
    label: label.slice(0, 128),
    source: "127.0.0.1",
    last_seen_at: timestamp(now),
    created_at: timestamp(now),
    proved_at: timestamp(now),
    expires_at: timestamp(now + db.settings.session_hours * 3_600_000),
    csrf: secret("csrf"),
  };
  db.sessions.push(session);
  db.current = session.id;
  record("signin.succeeded", { actor: `operator:${operator.id}`, outcome: "browser" });
  const { id, expires_at, csrf: csrf_token } = session;
  return { id, operator: operator.name, role: operator.role, expires_at, csrf_token };
}

export const sessionHandlers = [
  route(
    "post",
    "/api/v1/sessions",
    async ({ request }) => {
      requireOpen();
      const body = await read<Schemas["SignInBody"]>(request, [
        "token",
        "name",
        "password",
        "key",
        "kind",
        "label",
        "device",
      ]);
      return begin(verify(body), body.label ?? "");
    },
    201,
  ),
  route("get", "/api/v1/sessions/me", ({ request }) => me(caller(request))),
  route("delete", "/api/v1/sessions/me", ({ request }) => {
    const { session, actor } = caller(request);
    db.sessions = db.sessions.filter(({ id }) => id !== session.id);
    db.current = undefined;
    record("session.ended", { actor });
  }),
  route("post", "/api/v1/sessions/proof", async ({ request }) => {
    const { session, operator, actor } = caller(request);
    const proved = verify(await read<Proof>(request, ["token", "name", "password", "key"]));
    if (proved.id !== operator.id) {
      throw new Refusal(401, "invalid_credentials", "this credential is another operator's: type your own");
    }
    session.proved_at = timestamp();
    record("session.proved", { actor });
    return { valid_until: timestamp(Date.now() + 5 * 60_000) } satisfies Schemas["Proved"];
  }),
  route("get", "/api/v1/sessions", ({ request }) => {
    const { operator, session } = caller(request);
    const all = may(operator, "operator_manage");
    const items = db.sessions
      .filter((it) => all || it.operator === operator.id)
      .map(({ csrf: _, ...it }) => ({
        ...it,
        operator_name: db.operators.find(({ id }) => id === it.operator)?.name ?? null,
        is_current: it.id === session.id,
      }));
    return { items, next: null };
  }),
  route("delete", "/api/v1/sessions/:id", ({ request, param }) => {
    const { operator, actor } = caller(request);
    const found = db.sessions.find(({ id }) => id === param("id"));
    if (!found || (found.operator !== operator.id && !may(operator, "operator_manage"))) throw notFound("session");
    db.sessions = db.sessions.filter(({ id }) => id !== found.id);
    if (db.current === found.id) later(0, () => (db.current = undefined));
    record("session.ended", { actor, subject: `session:${found.id}` });
  }),
];
