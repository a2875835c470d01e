import { nameOf, useNames } from "./names";

/** Who did something: a name and what kind of somebody it is; the whole id on hover. */
export function ActorName({ actor }: { actor: string }) {
  const { name, kind } = nameOf(useNames(), actor);
  return (
    <span title={actor}>
      {name}
      {kind && <span style={{ color: "var(--cs-muted)" }}> ({kind})</span>}
    </span>
  );
}
