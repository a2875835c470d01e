import { nameOf, useNames } from "@/components/actor/names";

/** `operator:01a1...` as the operator's name. */
export function useActorName(actor: string | undefined): string | undefined {
  const names = useNames();
  return actor === undefined ? undefined : nameOf(names, actor).name;
}
