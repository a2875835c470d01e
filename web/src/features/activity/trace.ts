/** The decision of an action as the API tells it: its document only says "object". */
export interface Voice {
  speaker: { kind: string; id?: string };
  verdict: string;
  reason: string;
}

export interface Judgement {
  verdict: string;
  voices: Voice[];
  /** The index of the voice that decided. */
  maker: number;
  policyVersion: number;
  isTainted: boolean;
  findings: unknown[];
}

const SPEAKERS: Record<string, string> = {
  key_scope: "The key's scopes",
  no_grant: "No grant covers it",
  grant: "A grant",
  guard: "A guard rule",
  threat: "A finding of the scan",
  risk: "The risk threshold",
  budget: "The budget",
  taint: "Taint",
  rule: "A rule",
  default: "The default",
};

/** Who speaks, in words. */
export function speakerWords(kind: string): string {
  return SPEAKERS[kind] ?? kind.replaceAll("_", " ");
}

interface RawJudged {
  decision?: { verdict?: string; voices?: Voice[]; maker?: number; policy_version?: number };
  facts?: { tainted?: boolean; findings?: unknown[] };
}

/** What was said, if it is kept. */
export function judgementOf(judged: unknown): Judgement | undefined {
  const { decision, facts } = (judged ?? {}) as RawJudged;
  if (!decision || !Array.isArray(decision.voices)) return undefined;
  return {
    verdict: decision.verdict ?? "unknown",
    voices: decision.voices,
    maker: decision.maker ?? 0,
    policyVersion: decision.policy_version ?? 0,
    isTainted: facts?.tainted === true,
    findings: facts?.findings ?? [],
  };
}
