import { SignWord } from "@/ui/Words";

/** Who decides, of those that a list should name: a row says of nothing else what was found. */
const SIGNS: Record<string, string> = { threat: "finding", taint: "tainted" };

/** In a list: that a finding of the scan, or an agent's taint, made the decision. */
export function Sign({ rule }: { rule: string }) {
  const sign = SIGNS[rule];
  return sign ? <SignWord sign={sign} /> : null;
}
