import type { Schemas } from "@/api/client";

export type Me = Schemas["Me"];

/** What the page asks about before it offers something. The gateway checks each call again: this only keeps buttons honest. */
export type Right =
  | "decide"
  | "configure"
  | "manage_keys"
  | "kill"
  | "manage_operators"
  | "manage_vault"
  | "read_audit";

const RIGHTS: Record<string, readonly Right[]> = {
  owner: ["decide", "configure", "manage_keys", "kill", "manage_operators", "manage_vault", "read_audit"],
  approver: ["decide", "kill", "read_audit"],
  viewer: ["read_audit"],
};

/** The reason why somebody may not do something, in words for a tooltip; `undefined` if they may. */
export function whyNot(me: Me | undefined, right: Right): string | undefined {
  const role = me?.role ?? "";
  if (RIGHTS[role]?.includes(right)) return undefined;
  const able = Object.entries(RIGHTS)
    .filter(([, rights]) => rights.includes(right))
    .map(([name]) => name);
  return `You are signed in as ${role || "nobody"}: this needs the role ${able.join(" or ")}.`;
}
