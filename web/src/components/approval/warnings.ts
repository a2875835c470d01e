/**
 * What deserves a look before anything else. The one list of it: the card shows it, and a batch takes no request of which it names
 * something.
 */
import { layOutJson } from "@/ui/BytesJson";
import { countHidden } from "@/ui/BytesTokens";
import { type Action, judgedOf, type Run } from "./action";
import { findingsOf } from "./found";

export interface Warning {
  key: string;
  /** In a few words of the gateway's own, for a line in a list. */
  short: string;
  text: string;
  /** Whether the findings say it, with more. */
  isFinding?: boolean;
}

/** All that warns about a request; `run` is what would run, as far as that is still known. */
export function warningsOf(action: Action, run: Run | undefined): Warning[] {
  const { facts } = judgedOf(action);
  const warnings: Warning[] = [];
  const warn = (key: string, short: string, text: string) => warnings.push({ key, short, text });
  if (action.is_self_asked) {
    warn(
      "self",
      "you asked for it yourself",
      "You asked for this yourself: the ledger marks an approval by you as self-approved.",
    );
  } else if (action.asked_by.startsWith("operator:")) {
    warn("operator", "an operator asked for it in the agent's name", "An operator asked for this in the agent's name.");
  }
  if (action.is_current === false) {
    warn(
      "changed",
      "changed since it was asked",
      "The target, profile, credential or action has changed since: this is no longer what would run.",
    );
  }
  if (facts?.tainted) {
    warn(
      "taint",
      "the agent has read content from outside before it asked",
      "The agent has read content from outside before it asked: it may act on words of somebody else.",
    );
  }
  for (const { index, name, place, reasons } of findingsOf(action)) {
    const short = `the scan found: ${name.toLowerCase()}`;
    const text = `${name} in ${place}: ${reasons.join("; ")}`;
    warnings.push({ key: `finding ${index}`, short, text, isFinding: true });
  }
  const unreadable = facts?.input?.unreadable ?? [];
  if (unreadable.length > 0) {
    warn(
      "unread",
      `no rule could look into ${unreadable.join(", ")}`,
      `No rule could look into ${unreadable.join(", ")}: the gateway can't read its form. Look at the bytes.`,
    );
  }
  if (run) {
    const twice = typeof run.body === "string" ? (layOutJson(run.body)?.duplicates ?? []) : [];
    if (twice.length > 0) {
      warn(
        "twice",
        "a key stands twice in one object of its body",
        "A key stands twice in one object of the body: the target may take another value for it than the rules did.",
      );
    }
    for (const [place, texts] of placesOf(action, run)) {
      const hidden = texts.reduce((sum, text) => sum + countHidden(text), 0);
      if (hidden === 0) continue;
      warn(
        `hidden ${place}`,
        `hidden or misleading characters in ${place}`,
        `Not all is as it looks in ${place}: ${hidden === 1 ? "1 character hides or passes" : `${hidden.toLocaleString("en")} characters hide or pass`} for another. Each is named where it stands.`,
      );
    }
  }
  return warnings;
}

/** Everything of a request that an agent chose, by where it stands. */
function placesOf(action: Action, run: Run): [place: string, texts: string[]][] {
  const text = (value: string | Uint8Array | undefined) => (typeof value === "string" ? [value] : []);
  return [
    ["the action", [action.action]],
    ["the address", [run.method ?? "", run.url ?? "", run.credentialParameter ?? ""]],
    ["the headers", run.headers.flatMap(({ name, value }) => [name, value])],
    ["the input", text(run.rest)],
    ["the body", text(run.body)],
    ["the intent", [action.intent]],
  ];
}
