/** A request as the approval card reads it. What an older gateway does not send is worked out or left out. */
import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { fromBase64 } from "@/ui/BytesRows";

interface Judged {
  facts?: {
    risk?: { floor?: number; score?: number; reasons?: string[] };
    tainted?: boolean;
    findings?: Partial<Schemas["FindingView"]>[];
    target?: { profile?: string; risk_threshold?: number | null };
    input?: { unreadable?: string[] };
  };
}

export type ActionView = Schemas["ActionView"];
export type Action = Schemas["ActionDetail"];
export type Vote = Schemas["VoteView"];

export const actionKey = (id: string) => ["action", id] as const;

export const actionQuery = (id: string) =>
  queryOptions({
    queryKey: actionKey(id),
    queryFn: () => body(api.GET("/api/v1/actions/{id}", { params: { path: { id } } })),
    staleTime: 0,
  });

export const judgedOf = (action: Action) => (action.judged ?? {}) as Judged;

/** What would run, in parts. Nothing of the input is left out: what has no place of its own stands in `rest`. */
export interface Run {
  method: string | undefined;
  url: string | undefined;
  /** The query parameter that the credential is. */
  credentialParameter: string | undefined;
  headers: { name: string; value: string; isCredential: boolean }[];
  rest: string | undefined;
  body: string | Uint8Array | undefined;
}

/** The fields of an HTTP input that the address and the headers show. */
const HTTP_FIELDS = ["method", "path", "query", "headers"];

/** `undefined` where what would run was deleted. */
export function runOf(action: Action): Run | undefined {
  const { payload, will_send: sent } = action;
  if (!payload) return undefined;
  const input = payload.input as Record<string, unknown>;
  const rest = sent ? Object.fromEntries(Object.entries(input).filter(([name]) => !HTTP_FIELDS.includes(name))) : input;
  return {
    method: sent?.method,
    url: sent?.url,
    credentialParameter: sent?.credential_parameter ?? undefined,
    headers: (sent?.headers ?? []).map(({ name, value, is_credential }) => ({
      name,
      value: value ?? "",
      isCredential: is_credential,
    })),
    rest: Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined,
    body: bodyOf(payload),
  };
}

function bodyOf(payload: Schemas["PayloadView"]): string | Uint8Array | undefined {
  if (payload.body_base64) return fromBase64(payload.body_base64) ?? payload.body_base64;
  return payload.body || undefined;
}

/** The parts of an address: what stands before the host, the host with its port, what stands behind it. */
export function hostIn(url: string): [before: string, host: string, behind: string] {
  const [, scheme = "", authority = "", behind = url] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#\\]*)(.*)$/is.exec(url) ?? [];
  const at = authority.lastIndexOf("@") + 1;
  return [scheme + authority.slice(0, at), authority.slice(at), behind];
}

const SPEAKERS: Record<Schemas["Speaker"], string> = {
  key_scope: "the key's scopes",
  no_grant: "no grant",
  grant: "the grant",
  guard: "the guard rule",
  threat: "a threat scan",
  risk: "the risk threshold",
  budget: "a budget",
  taint: "the taint mark",
  rule: "the rule",
  default: "the default",
};

/** By what kind of speaker something was said, in words. */
export function speakerName(speaker: Schemas["Speaker"]): string {
  return SPEAKERS[speaker] ?? speaker;
}
