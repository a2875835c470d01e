import { HttpResponse } from "msw";
import { type Checkpoint, db, nameOfActor, record, timestamp } from "../db";
import { caller } from "../guard";
import { digest } from "../ids";
import { conflict, invalid } from "../problem";
import { limitOf, read, route } from "../route";

const ORIGIN = "countersign/c0983213fccffbe1066f161e9edceb84";
const json = { "content-type": "application/json" };

export function makeCheckpoint(at: number = Date.now()): Checkpoint {
  const size = db.entries.length + db.pruned;
  const chain = btoa(digest(`chain${size}`).slice(0, 32));
  const note = `${ORIGIN}\n${size}\n${btoa(digest(`root${size}`).slice(0, 32))}\nchain ${chain}\ntime ${timestamp(at)}\n\n— ${ORIGIN} ${btoa(digest(`signature${size}`))}\n`;
  const checkpoint = { at: timestamp(at), note, size };
  db.checkpoints.push(checkpoint);
  return checkpoint;
}

function number(url: URL, field: string): number | undefined {
  const value = url.searchParams.get(field);
  if (value === null) return undefined;
  if (!/^\d+$/.test(value)) throw invalid(field, "expected a number");
  return Number(value);
}

export const auditHandlers = [
  route("get", "/api/v1/audit/entries", ({ request, url }) => {
    caller(request, "audit_read");
    const of = (field: string) => url.searchParams.get(field) ?? undefined;
    const after = number(url, "after");
    const before = number(url, "before");
    const cursor = number(url, "cursor");
    const order = of("order");
    if (order && !["newest", "oldest"].includes(order)) {
      throw invalid("order", "unknown order: expected one of newest, oldest");
    }
    const isUp = order ? order === "oldest" : after !== undefined;
    const lowest = Math.max(after ?? -1, isUp ? (cursor ?? -1) : -1);
    const highest = Math.min(
      before ?? Number.POSITIVE_INFINITY,
      isUp ? Number.POSITIVE_INFINITY : (cursor ?? Number.POSITIVE_INFINITY),
    );
    const actor = of("actor");
    if (actor && !/^(system|anonymous|(agent|operator|key):[0-9a-f-]{36})$/.test(actor)) {
      throw invalid("actor", "not an actor: expected agent:ID, operator:ID, key:ID, system or anonymous");
    }
    const [kind, action, since, until] = [of("kind"), of("action_id"), of("since"), of("until")];
    const found = db.entries.filter(
      (entry) =>
        entry.position > lowest &&
        entry.position < highest &&
        (!kind || entry.kind.startsWith(kind)) &&
        (!actor || entry.actor === actor) &&
        (!action || entry.action_id === action) &&
        (!since || Date.parse(entry.at) >= Date.parse(since)) &&
        (!until || Date.parse(entry.at) < Date.parse(until)),
    );
    if (!isUp) found.reverse();
    const items = found.slice(0, limitOf(url)).map((it) => ({ ...it, actor_name: nameOfActor(it.actor) }));
    return { items, next: found.length > items.length ? String(items.at(-1)?.position) : null };
  }),
  route("get", "/api/v1/audit/verify", ({ request }) => {
    caller(request, "audit_read");
    const last = db.checkpoints.at(-1);
    const checkpoint = last && {
      at: last.at,
      size: last.size,
      origin: ORIGIN,
      root: digest("root"),
      chain: digest("c"),
    };
    db.verification = { at: timestamp(), valid: true, entries: db.entries.length, first_bad: null, reason: null };
    return { valid: true, entries: db.entries.length, first_bad: null, reason: null, checkpoint: checkpoint ?? null };
  }),
  route("get", "/api/v1/audit/export", ({ request }) => {
    caller(request, "audit_read");
    const lines = db.entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    return new HttpResponse(lines, { headers: { "content-type": "application/jsonl" } });
  }),
  route("get", "/api/v1/audit/checkpoints", ({ request }) => {
    caller(request, "audit_read");
    return { items: db.checkpoints, next: null };
  }),
  route("post", "/api/v1/audit/checkpoints", ({ request }) => {
    const { actor } = caller(request, "audit_read");
    record("audit.checkpoint_requested", { actor });
    return new HttpResponse(JSON.stringify(makeCheckpoint()), { status: 201, headers: json });
  }),
  route("get", "/api/v1/audit/key", ({ request }) => {
    caller(request, "audit_read");
    return { name: ORIGIN, key: `${ORIGIN}+f5652f7e+AR+l95IT8eKk+gfo/l8yU/22gl0hEobxuX2byGI7b7Rw` };
  }),
  route("post", "/api/v1/audit/acknowledge", ({ request }) => {
    caller(request, "operator_manage");
    throw conflict("ledger_sound", "the ledger is sound: there is nothing to acknowledge");
  }),
  route("post", "/api/v1/audit/prune", async ({ request }) => {
    const { actor } = caller(request, "audit_prune");
    const { size } = await read<{ size: number }>(request, ["size"]);
    if (!db.checkpoints.some((it) => it.size === size)) {
      throw conflict("no_checkpoint", "there is no checkpoint of this size: choose one of those listed");
    }
    const gone = db.entries.filter((entry) => entry.position < size).length;
    db.entries = db.entries.slice(gone);
    db.pruned += gone;
    record("audit.pruned", { actor, outcome: String(gone) });
    return { pruned: gone };
  }),
];
