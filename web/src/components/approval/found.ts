/** What scans found in a request, in words. Pure. Places and reasons may hold names that an agent chose: they are untrusted. */
import type { Schemas } from "@/api/client";
import { type Action, judgedOf } from "./action";

type View = Schemas["FindingView"];

export interface Finding extends Pick<View, "index" | "category" | "channel" | "place" | "verdict"> {
  /** The category in words. */
  name: string;
  /** What it asked for, in words. */
  effect: string;
  /** From 0 to 1, to hundredths. */
  score: number | undefined;
  reasons: string[];
  /** The text that it is about with what stands around it, in pieces; empty where the gateway does not say it. */
  excerpt: NonNullable<View["excerpt"]>;
  /** How the text at the place begins, where it is known. */
  text: string | undefined;
  /** How many characters of that text are left out. */
  textLeft: number;
  markedBy: View["marked_wrong_by"];
  markedAt: string | undefined;
}

const NAMES: Record<string, string> = {
  prompt_injection: "Prompt injection",
  jailbreak: "Jailbreak",
  exfiltration: "Data exfiltration",
  command_injection: "Command injection",
  social_engineering: "Social engineering",
  secret: "Secret",
  truncated: "Only looked at in part",
  unscanned: "Not looked at",
};

const EFFECTS: Record<string, string> = {
  allow: "recorded; by itself it stops nothing",
  ask: "asks a human",
  deny: "denies the action",
};

/** A score as the gateway writes it in reasons. */
export const percent = (score: number) => `${Math.round(score * 100)} %`;

const SHOWN_CHARACTERS = 240;

/** `prompt_injection` as people say it. */
export function categoryName(category: string): string {
  const words = NAMES[category] ?? category.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The findings of a request. An older gateway says them only among the facts. */
export function findingsOf(action: Action): Finding[] {
  const facts = judgedOf(action).facts;
  // Never fewer than were judged on: a batch takes nothing that has one.
  const views: Partial<View>[] = (action.findings?.length ? action.findings : facts?.findings) ?? [];
  return views.map((view, at) => {
    const { category = "finding", channel = "input", place = "", reason = "", verdict = "allow" } = view;
    const { excerpt = [] } = view;
    const text = channel === "input" && excerpt.length === 0 ? textAt(action, place) : undefined;
    const characters = [...(text ?? "")];
    return {
      index: view.index ?? at,
      category,
      channel,
      place,
      verdict,
      name: categoryName(category),
      effect: channel === "input" ? (EFFECTS[verdict] ?? verdict) : (taintedBy(action) ?? (EFFECTS.allow as string)),
      ...partsOf(reason, place, view.score ?? undefined),
      excerpt,
      text: text === undefined ? undefined : characters.slice(0, SHOWN_CHARACTERS).join(""),
      textLeft: Math.max(0, characters.length - SHOWN_CHARACTERS),
      markedBy: view.marked_wrong_by,
      markedAt: view.marked_wrong_at ?? undefined,
    };
  });
}

/** What a finding in an answer did to the agent, as the ledger has it: `agent tainted for 30 minutes; ...`. */
export const TAINT = /^agent tainted for (\d+) minutes/;

function taintedBy({ entries }: Action): string | undefined {
  const outcome = entries?.find(({ kind }) => kind === "scan.found")?.outcome ?? "";
  const minutes = TAINT.exec(outcome)?.[1];
  return minutes && `tainted the agent for ${minutes} minutes: all but its reads asked a human`;
}

/** `prompt injection (97 %) in body.a: why; why` in its parts; a reason of another form is left whole. */
function partsOf(reason: string, place: string, told: number | undefined): Pick<Finding, "score" | "reasons"> {
  const [head, digits] = /^[a-z ]+ \((\d{1,3}) %\) in /.exec(reason) ?? [];
  const rest = reason.slice(head?.length ?? 0);
  if (head === undefined || !rest.startsWith(place)) return { score: told, reasons: reason ? [reason] : [] };
  const why = rest.slice(place.length);
  return { score: told ?? Number(digits) / 100, reasons: why.startsWith(": ") ? why.slice(2).split("; ") : [] };
}

/** The text of a field that a place names. Nothing for a text that stands as a whole among what runs: it is shown there. */
function textAt(action: Action, place: string): string | undefined {
  if (place === "intent") return action.intent || undefined;
  const input = (judgedOf(action).facts as { input?: unknown } | undefined)?.input;
  return place === "body" ? undefined : walk(input, place);
}

/** A name may hold dots: the longest that fits is tried first. */
function walk(value: unknown, place: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  if (Object.hasOwn(fields, place)) {
    const found = fields[place];
    return typeof found === "string" ? found : undefined;
  }
  for (let dot = place.lastIndexOf("."); dot > 0; dot = place.lastIndexOf(".", dot - 1)) {
    const name = place.slice(0, dot);
    const found = Object.hasOwn(fields, name) ? walk(fields[name], place.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is kept of a finding that is called wrong: the part of the request that was looked at. */
export function keptPart({ channel, place }: Pick<Finding, "channel" | "place">): string {
  if (channel !== "input") return "what the target answered";
  const [part] = place.split(".");
  return part === "intent" ? "the intent" : part === "body" ? "the body" : "the path's query and headers";
}
