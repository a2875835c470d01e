/** Whether something that ends by itself, or was ended, still works. */
import { IconBan, IconCircleCheck, IconClockHour4 } from "@tabler/icons-react";
import { Mark } from "./Mark";

export type Life = "works" | "expired" | "revoked";

export interface Mortal {
  revoked_at?: string | null;
  expires_at?: string | null;
}

const LOOKS = {
  works: { icon: IconCircleCheck, color: "teal" },
  expired: { icon: IconClockHour4, color: "gray" },
  revoked: { icon: IconBan, color: "red" },
} as const;

export function lifeOf({ revoked_at, expires_at }: Mortal, now: number): Life {
  if (revoked_at) return "revoked";
  return expires_at && Date.parse(expires_at) <= now ? "expired" : "works";
}

/** Sorts what works to the front: what ended is only history. */
export function workingFirst(now: number): (one: Mortal, other: Mortal) => number {
  return (one, other) => Number(lifeOf(one, now) !== "works") - Number(lifeOf(other, now) !== "works");
}

export function LifeWord({ life }: { life: Life }) {
  return <Mark {...LOOKS[life]}>{life}</Mark>;
}
