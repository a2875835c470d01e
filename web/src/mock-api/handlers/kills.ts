import type { Schemas } from "@/api/client";
import { db, find, named, record, timestamp } from "../db";
import { move } from "../flow";
import { caller } from "../guard";
import { conflict, invalid, notFound } from "../problem";
import { read, route } from "../route";

interface Scope {
  scope: Schemas["KillView"]["scope"];
  id: string | undefined;
  subject: string;
}

function scopeOf({ scope, name }: Schemas["KillBody"]): Scope {
  if (scope === "all") {
    if (name != null) throw invalid("name", "`all` takes no name: leave it out");
    return { scope, id: undefined, subject: "all" };
  }
  if (scope !== "agent" && scope !== "target") throw invalid("scope", "unknown scope, expected all, agent, target");
  if (!name) throw invalid("name", "name what to stop");
  const found = find(named(scope), name);
  if (!found) throw notFound(scope);
  return { scope, id: found.id, subject: `${scope}:${found.id} ${found.name}` };
}

const FIELDS = ["scope", "name", "reason"] as const;

export const killHandlers = [
  route("get", "/api/v1/kills", ({ request }) => {
    caller(request, "config_read");
    const nameOf = ({ scope, id }: Schemas["KillView"]) => (id ? (find(named(scope), id)?.name ?? null) : null);
    return { items: db.kills.map((kill) => ({ ...kill, name: nameOf(kill) })), next: null };
  }),
  route(
    "post",
    "/api/v1/kills",
    async ({ request }) => {
      const { actor } = caller(request, "kill");
      const body = await read<Schemas["KillBody"]>(request, FIELDS);
      const { scope, id, subject } = scopeOf(body);
      const isIt = (it: Schemas["KillView"]) => it.scope === scope && (it.id ?? undefined) === id;
      let kill = db.kills.find(isIt);
      if (!kill) {
        kill = { scope, ...(id ? { id } : {}), by: actor, reason: body.reason ?? "", at: timestamp() };
        db.kills.push(kill);
      }
      record("kill.engaged", { actor, subject, outcome: body.reason || null });
      const name = id && find(named(scope), id)?.name;
      for (const action of db.actions) {
        const isHit = scope === "all" || action[scope as "agent" | "target"] === name;
        if (isHit && ["pending", "approved"].includes(action.state)) move(action, "revoked", "action.revoked");
      }
      return kill;
    },
    201,
  ),
  route("post", "/api/v1/kills/release", async ({ request }) => {
    const { actor } = caller(request, "kill");
    const { scope, id, subject } = scopeOf(await read<Schemas["KillBody"]>(request, FIELDS));
    const rest = db.kills.filter((it) => it.scope !== scope || (it.id ?? undefined) !== id);
    if (rest.length === db.kills.length)
      throw conflict("not_killed", "this is not stopped: there is nothing to release");
    db.kills = rest;
    record("kill.released", { actor, subject });
  }),
];
