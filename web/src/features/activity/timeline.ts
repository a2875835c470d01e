/** What happened to an action, in order and in words. Pure. */
import type { Schemas } from "@/api/client";
import { kindWords } from "@/features/ledger/kinds";

/** How a step is drawn. */
export type Tone = "good" | "bad" | "waiting" | "plain";

export interface Step {
  key: string;
  at: string;
  title: string;
  tone: Tone;
  actor: Schemas["ActorView"];
  /** In whose words. Untrusted as all that people write. */
  note?: string | undefined;
  /** The entry that proves it. */
  position: number;
}

/** `http_404` as words. */
export function outcomeWords(outcome: string): string {
  const status = /^http_(\d{3})$/.exec(outcome);
  if (status) return `the target answered with status ${status[1]}`;
  // The gateway counts them from 0, people from 1.
  const [, index, finding] = /^finding (\d+): (.*)$/s.exec(outcome) ?? [];
  if (finding !== undefined) return `finding ${Number(index) + 1}: ${finding.replaceAll("_", " ")}`;
  return outcome.replace("self_approved", "by the one who asked").replaceAll("_", " ");
}

/** The same where there is little room. */
export function shortOutcome(outcome: string): string {
  return outcomeWords(outcome).replace("the target answered with ", "");
}

const TONES: Partial<Record<Schemas["ActionState"], Tone>> = {
  pending: "waiting",
  approved: "good",
  succeeded: "good",
  denied: "bad",
  failed: "bad",
  unknown: "bad",
  revoked: "bad",
  stale: "bad",
};

/** What is told of a scan is in words already, and holds names of fields that others chose. */
const isScan = (step: Schemas["StepView"]) => step.kind.startsWith("scan.");

function titleOf(step: Schemas["StepView"]): string {
  const isSelf = step.outcome?.includes("self_approved") === true;
  if (step.kind === "approval.voted") return step.vote === "deny" ? "Said no" : "Said yes; more have to";
  if (step.kind === "approval.decided" && step.vote) {
    if (step.vote === "deny") return "Denied";
    return isSelf ? "Approved by the one who asked" : "Approved";
  }
  const title = kindWords(step.kind);
  return step.outcome && !isScan(step) ? `${title}: ${outcomeWords(step.outcome)}` : title;
}

function toneOf(step: Schemas["StepView"]): Tone {
  if (step.kind === "scan.found") return "bad";
  if (step.vote) return step.vote === "deny" ? "bad" : "good";
  return (step.state && TONES[step.state]) || "plain";
}

/** The steps of an action, oldest first. */
export function stepsOf(timeline: readonly Schemas["StepView"][]): Step[] {
  return timeline.map((step) => ({
    key: `${step.position} ${step.kind} ${step.at}`,
    at: step.at,
    title: titleOf(step),
    tone: toneOf(step),
    actor: step.actor,
    note: step.note || (isScan(step) && step.outcome) || undefined,
    position: step.position,
  }));
}

/** What an action waits for, in words; nothing where it has ended. */
export function waitsFor(action: Schemas["ActionView"]): string | undefined {
  if (action.state === "pending") {
    const missing = action.quorum - action.votes.length;
    return missing > 1 ? `Waits for ${missing} operators to decide` : "Waits for an operator to decide";
  }
  if (action.state === "approved") return "Waits to be carried out";
  if (action.state === "executing") return "The target is at work";
  if (action.state === "unknown") return "Nobody knows whether it took effect: find out, then settle it";
  return undefined;
}
