/** What the form of a target holds, how it begins, what can be wrong with it, and what is sent. */
import type { Schemas } from "@/api/client";
import type { FieldErrors } from "@/ui/DialogForm";
import { checkPairs, objectOf, type Pair, pairsOf } from "@/ui/PairsInput";
import { checkSchema, defaultsOf, pruned, type Value } from "@/ui/schema/schema";
import type { Connector, Target, TargetLimits } from "./queries";

export interface TargetDraft {
  config: Value;
  isPrivateAllowed: boolean;
  /** A number of 0 to 1, or empty for none. */
  riskThreshold: number | string;
  limits: TargetLimits;
  labels: Pair[];
}

/** The gateway's own: crates/domain/src/target.rs. */
export const DEFAULT_LIMITS: TargetLimits = {
  request_bytes: 10 * 2 ** 20,
  response_bytes: 100 * 2 ** 20,
  kept_response_bytes: 10 * 2 ** 20,
  header_bytes: 64 * 2 ** 10,
  first_byte_millis: 30_000,
  total_millis: 300_000,
  redact_secrets: false,
};

export function newDraft(connector: Connector): TargetDraft {
  return {
    config: defaultsOf(connector.target_schema),
    isPrivateAllowed: false,
    riskThreshold: "",
    limits: DEFAULT_LIMITS,
    labels: [],
  };
}

export function draftOf(target: Target): TargetDraft {
  return {
    config: target.config,
    isPrivateAllowed: target.allow_private_network,
    riskThreshold: target.risk_threshold ?? "",
    limits: target.limits,
    labels: pairsOf(target.labels as Record<string, string>),
  };
}

export function checkDraft(connector: Connector, draft: TargetDraft): FieldErrors {
  const errors = checkSchema(connector.target_schema, pruned(draft.config), "config");
  const wrongLabels = checkPairs(draft.labels, "label");
  if (wrongLabels) errors.labels = wrongLabels;
  const { riskThreshold } = draft;
  if (typeof riskThreshold === "number" && (riskThreshold < 0 || riskThreshold > 1))
    errors.risk_threshold = "A number between 0 and 1, or nothing";
  for (const [name, value] of Object.entries(draft.limits))
    if (typeof value === "number" && !Number.isFinite(value)) errors[`limits.${name}`] = "A number is needed";
  return errors;
}

/** Whether the form of a target shows the field that an error names. */
export function showsField(field: string): boolean {
  return ["name", "connector", "labels", "risk_threshold", "allow_private_network"].includes(field)
    ? true
    : /^(config|limits)\./.test(field);
}

/** The draft as the API takes it. */
export function bodyOf(draft: TargetDraft) {
  return {
    config: pruned(draft.config) as never,
    allow_private_network: draft.isPrivateAllowed,
    risk_threshold: typeof draft.riskThreshold === "number" ? draft.riskThreshold : null,
    limits: draft.limits as never,
    labels: objectOf(draft.labels),
  };
}

/** What of the draft is other than what the target is: all else is left to whoever changed it meanwhile. */
export function changesOf(target: Target, draft: TargetDraft): Schemas["TargetChangeBody"] {
  const before = bodyOf(draftOf(target));
  const changed = Object.entries(bodyOf(draft)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]),
  );
  return Object.fromEntries(changed) as Schemas["TargetChangeBody"];
}

const WORDS: [keyof Target, string][] = [
  ["config", "its configuration"],
  ["allow_private_network", "whether the private network is open"],
  ["limits", "its limits"],
  ["risk_threshold", "its risk threshold"],
  ["labels", "its labels"],
];

/** What differs between two states of a target, in words. */
export function differences(one: Target, other: Target): string[] {
  return WORDS.filter(([name]) => JSON.stringify(one[name]) !== JSON.stringify(other[name])).map(([, words]) => words);
}
