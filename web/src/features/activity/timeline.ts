/** What happened to an action, in order. Pure: made of what the ledger says and what operators wrote. */
import type { Schemas } from "@/api/client";
import { kindWords } from "@/features/ledger/kinds";

export type Entry = Schemas["EntryView"];

export type Vote = Schemas["VoteView"];

/** How a step is drawn. */
export type Tone = "good" | "bad" | "waiting" | "plain";

export interface Step {
  key: string;
  at: string;
  title: string;
  tone: Tone;
  /** `operator:…`; who did it. */
  actor: string;
  /** What the operator wrote. Untrusted as all that people write. */
  note?: string | undefined;
  /** The entry that proves it. */
  position?: number | undefined;
}

const TONES: Record<string, Tone> = {
  "action.asked": "waiting",
  "action.denied": "bad",
  "action.refused": "bad",
  "action.lost": "bad",
  "action.revoked": "bad",
  "action.stale": "bad",
};

/** `http_404` as words. */
export function outcomeWords(outcome: string): string {
  const status = /^http_(\d{3})$/.exec(outcome);
  if (status) return `the target answered with status ${status[1]}`;
  return outcome.replace("self_approved", "by the one who asked").replaceAll("_", " ");
}

/** The same where there is little room. */
export function shortOutcome(outcome: string): string {
  return outcomeWords(outcome).replace("the target answered with ", "");
}

function isGood(outcome: string): boolean {
  return /^http_[123]\d\d$/.test(outcome) || ["succeeded", "approved", "approve"].includes(outcome);
}

function decisionTitle(entry: Entry, vote: Vote | undefined): string {
  const said = vote?.kind ?? entry.outcome ?? "";
  if (entry.kind === "approval.voted") return said.startsWith("den") ? "Said no" : "Said yes; more have to";
  if (said.startsWith("app")) return vote?.is_self_approved ? "Approved by the one who asked" : "Approved";
  if (said.startsWith("den")) return "Denied";
  return kindWords(entry.kind);
}

function toneOf(entry: Entry, said: string | undefined): Tone {
  const word = said ?? entry.outcome ?? "";
  if (entry.kind.startsWith("approval.")) return word.startsWith("den") ? "bad" : "good";
  const fixed = TONES[entry.kind];
  if (fixed) return fixed;
  if (["action.outcome", "action.executed", "action.settled"].includes(entry.kind))
    return isGood(word) ? "good" : "bad";
  return "plain";
}

/** The steps of an action, oldest first. A vote is joined with the entry of the same operator that is nearest in time. */
export function timeline(entries: readonly Entry[], votes: readonly Vote[]): Step[] {
  const left = [...votes];
  const steps = [...entries]
    .sort((a, b) => a.position - b.position)
    .map((entry): Step => {
      let vote: Vote | undefined;
      if (entry.kind.startsWith("approval.")) {
        const index = left.findIndex((each) => entry.actor === `operator:${each.operator}`);
        if (index >= 0) [vote] = left.splice(index, 1);
      }
      const isDecision = entry.kind.startsWith("approval.");
      const outcome = !isDecision && entry.outcome ? `: ${outcomeWords(entry.outcome)}` : "";
      return {
        key: entry.id,
        at: entry.at,
        title: isDecision ? decisionTitle(entry, vote) : `${kindWords(entry.kind)}${outcome}`,
        tone: toneOf(entry, vote?.kind),
        actor: entry.actor,
        note: vote?.note || undefined,
        position: entry.position,
      };
    });
  for (const vote of left) {
    steps.push({
      key: `${vote.operator} ${vote.at}`,
      at: vote.at,
      title: vote.kind.startsWith("den") ? "Said no" : "Said yes",
      tone: vote.kind.startsWith("den") ? "bad" : "good",
      actor: `operator:${vote.operator}`,
      note: vote.note || undefined,
    });
  }
  return left.length > 0 ? steps.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)) : steps;
}
