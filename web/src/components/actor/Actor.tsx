import type { Schemas } from "@/api/client";
import { UntrustedText } from "@/ui/BytesText";

const SHOWN = 8;

/** Who did something, where the gateway says the name itself. */
export function Actor({ actor }: { actor: Schemas["ActorView"] }) {
  if (actor.kind === "system") return <span>the gateway itself</span>;
  if (actor.kind === "anonymous") return <span>nobody known</span>;
  return (
    <span title={actor.id ? `${actor.kind}:${actor.id}` : undefined}>
      {actor.name ? <UntrustedText value={actor.name} /> : `…${actor.id?.slice(-SHOWN) ?? ""}`}
      <span style={{ color: "var(--cs-muted)" }}> ({actor.kind})</span>
    </span>
  );
}
