import { clear, db, record, timestamp } from "../db";
import { requireOpen } from "../guard";
import { secret, uuid } from "../ids";
import { invalid, Refusal } from "../problem";
import { name, read, route } from "../route";
import { begin } from "./sessions";

interface SetupBody {
  token: string;
  operator: string;
  password?: string | null;
  passphrase?: string | null;
  store?: string | null;
  label?: string;
}

const closed = () =>
  new Refusal(
    410,
    "setup_closed",
    "there is nothing to set up: this gateway was set up already, or its one-time address is dead (restart it for another)",
  );

function wrongToken(): Refusal {
  if (!db.setup) return closed();
  db.setup.triesLeft -= 1;
  const left = db.setup.triesLeft;
  const detail =
    left === 0
      ? "the one-time address is wrong, and it is dead now: restart the gateway for another"
      : `the one-time address is wrong: ${left === 1 ? "1 try is" : `${left} tries are`} left; copy the whole address`;
  return new Refusal(401, "setup_token_invalid", detail, { tries_left: left });
}

export const setupHandlers = [
  route("get", "/api/v1/setup", () =>
    db.setup && db.setup.triesLeft > 0
      ? { state: "open", needs_passphrase: db.setup.needsPassphrase, store: "sqlcipher" }
      : { state: "closed" },
  ),
  route(
    "post",
    "/api/v1/setup",
    async ({ request }) => {
      const body = await read<SetupBody>(request, ["token", "operator", "password", "passphrase", "store", "label"]);
      if (!db.setup || db.setup.triesLeft === 0) throw closed();
      if (body.token !== db.setup.token) throw wrongToken();
      const operatorName = name(body.operator, "operator");
      if (body.password != null && [...body.password].length < 12) {
        throw invalid("password", "a password has at least 12 characters");
      }
      if (db.setup.needsPassphrase && [...(body.passphrase ?? "")].length < 14) {
        throw invalid("passphrase", "the passphrase has fewer than 14 characters: choose a longer one");
      }
      const { passphrase } = body;
      clear();
      if (passphrase) db.passphrase = passphrase;
      const operator = {
        id: uuid(),
        name: operatorName,
        role: "owner" as const,
        password: body.password ?? undefined,
        created_at: timestamp(),
      };
      db.operators.push(operator);
      record("gateway.onboarded", { subject: `operator:${operator.id} ${operator.name}` });
      const token = body.password == null ? secret("cs") : undefined;
      if (token) {
        db.tokens.push({
          id: uuid(),
          name: "first",
          operator: operator.id,
          prefix: token.slice(0, 12),
          created_at: timestamp(),
          secret: token,
        });
      }
      return { ...begin(operator, body.label ?? ""), sign_in_token: token };
    },
    201,
  ),
  route("get", "/healthz", () => ({ status: "ok" })),
  route("get", "/readyz", () => {
    const problems = db.setup ? ["setup"] : db.isLocked ? ["locked"] : db.problems.map(({ code }) => code);
    const status = problems.length > 0 ? 503 : 200;
    return new Response(JSON.stringify({ status: status === 200 ? "ready" : "not_ready", problems }), {
      status,
      headers: { "content-type": "application/json" },
    });
  }),
  route("get", "/openapi.json", () => {
    requireOpen();
    return { openapi: "3.1.0" };
  }),
];
