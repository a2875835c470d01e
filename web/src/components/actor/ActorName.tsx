import { nameOf, useNames } from "./names";

export interface ActorNameProps {
  actor: string;
  /** The name, where the gateway says it itself. */
  name?: string | null | undefined;
}

/** Who did something: a name and what kind of somebody it is; the whole id on hover. */
export function ActorName({ actor, name: told }: ActorNameProps) {
  const { name, kind } = nameOf(useNames(), actor);
  return (
    <span title={actor}>
      {told ?? name}
      {kind && <span style={{ color: "var(--cs-muted)" }}> ({kind})</span>}
    </span>
  );
}
