/** Names for the ids that the ledger keeps. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { every } from "@/api/every";
import { useMe } from "@/app/me";

const KEPT_MS = 60_000;
/** The most that the gateway gives at once. */
const PAGE = 200;

type Named = { id: string; name: string };

/** Names by `agent:ID`, `operator:ID`, `key:ID`, `target:ID`, `rule:ID`. Who may not read a list sees ids. */
export const namesQuery = queryOptions({
  queryKey: ["names"],
  queryFn: async () => {
    const lists = await Promise.allSettled([
      every<Named>((cursor) => body(api.GET("/api/v1/agents", { params: { query: { cursor, limit: PAGE } } }))),
      every<Named>((cursor) => body(api.GET("/api/v1/operators", { params: { query: { cursor, limit: PAGE } } }))),
      every<Named>((cursor) => body(api.GET("/api/v1/keys", { params: { query: { cursor, limit: PAGE } } }))),
      every<Named>((cursor) => body(api.GET("/api/v1/targets", { params: { query: { cursor, limit: PAGE } } }))),
      every<Named>((cursor) => body(api.GET("/api/v1/rules", { params: { query: { cursor, limit: PAGE } } }))),
    ]);
    const kinds = ["agent", "operator", "key", "target", "rule"];
    const names: Record<string, string> = {};
    lists.forEach((list, index) => {
      if (list.status === "rejected") return;
      for (const item of list.value) names[`${kinds[index]}:${item.id}`] = item.name;
    });
    return names;
  },
  staleTime: KEPT_MS,
});

const SHOWN = 8;

/** `operator:0191…` as words: `owner (operator)`, or the end of the id where there is no name. */
export function nameOf(names: Record<string, string>, reference: string): { name: string; kind: string } {
  const colon = reference.indexOf(":");
  if (colon < 0) return { name: reference, kind: "" };
  const kind = reference.slice(0, colon);
  const rest = reference.slice(colon + 1);
  return { kind, name: names[reference] ?? (rest.length > SHOWN ? `…${rest.slice(-SHOWN)}` : rest) };
}

/** The names, with one's own among them. */
export function useNames(): Record<string, string> {
  const me = useMe();
  const { data } = useQuery(namesQuery);
  return me ? { [`${me.kind}:${me.id}`]: me.name, ...data } : (data ?? {});
}

/** `operator:01a1...` as the operator's name. */
export function useActorName(actor: string | undefined): string | undefined {
  const names = useNames();
  return actor === undefined ? undefined : nameOf(names, actor).name;
}
