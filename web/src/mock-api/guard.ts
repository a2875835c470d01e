/** Who may call what. */
import type { Schemas } from "@/api/client";
import { db, type Operator, type Role, type Session } from "./db";
import { forbidden, Refusal } from "./problem";

export type Permission =
  | "request_create"
  | "request_read"
  | "request_decide"
  | "config_read"
  | "config_write"
  | "key_manage"
  | "audit_read"
  | "audit_prune"
  | "kill"
  | "operator_manage"
  | "vault_manage";

const VIEWER: readonly Permission[] = ["request_read", "config_read", "audit_read"];
const APPROVER: readonly Permission[] = [...VIEWER, "request_create", "request_decide", "kill"];
const PERMISSIONS: Record<Role, readonly Permission[] | "all"> = { owner: "all", approver: APPROVER, viewer: VIEWER };

const PROOF_MS = 5 * 60_000;

export interface Caller {
  operator: Operator;
  session: Session;
  actor: string;
}

export function may(operator: Operator, permission: Permission): boolean {
  const all = PERMISSIONS[operator.role as Role];
  return all === "all" || all.includes(permission);
}

/** A locked gateway, and one that was never set up, answers nothing else. */
export function requireOpen(): void {
  if (db.setup) {
    throw new Refusal(
      423,
      "setup",
      "this gateway was never set up: open the one-time address that it gave when it started",
    );
  }
  if (db.isLocked) {
    throw new Refusal(
      423,
      "locked",
      "the gateway is locked: unlock it with `countersign vault unlock` or POST /api/v1/vault/unlock",
    );
  }
}

/** Whoever is signed in, if they may; a call that changes something must carry the CSRF token. */
export function caller(request: Request, permission?: Permission): Caller {
  requireOpen();
  const session = db.sessions.find(({ id }) => id === db.current);
  const operator = session && db.operators.find(({ id, disabled_at }) => id === session.operator && !disabled_at);
  if (!session || !operator || Date.parse(session.expires_at) < Date.now()) {
    throw new Refusal(
      401,
      "unauthenticated",
      "a credential is needed: a key as `Authorization: Bearer cs_...`, or a session",
    );
  }
  if (request.method !== "GET" && request.headers.get("x-csrf-token") !== session.csrf) {
    throw new Refusal(403, "csrf", "the CSRF token is missing or wrong: sign in again");
  }
  if (permission && !may(operator, permission)) {
    throw forbidden("this credential may not do that: ask an owner");
  }
  return { operator, session, actor: `operator:${operator.id}` };
}

/** Refuses to make, change or end a way in without a credential typed within five minutes. */
export function requireProof({ session }: Caller): void {
  if (Date.now() - Date.parse(session.proved_at) > PROOF_MS) {
    throw new Refusal(401, "proof_required", "this needs a fresh proof: type your credential again");
  }
}

export function me({ operator, session }: Caller): Schemas["Me"] {
  const { id, name, role } = operator;
  return { kind: "operator", id, name, role, session: session.id, proved_at: session.proved_at };
}
