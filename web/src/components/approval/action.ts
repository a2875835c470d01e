/** A request as the approval card reads it. What an older gateway does not send is worked out or left out. */
import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { fromBase64 } from "@/ui/BytesRows";

export interface Voice {
  speaker: { kind?: string; id?: string } | string;
  verdict: string;
  reason: string;
}

export interface Vote {
  operator: string;
  kind: "approve" | "deny";
  note: string;
  is_self_approved: boolean;
  at: string;
}

interface Judged {
  decision?: { maker?: number; policy_version?: number; voices?: Voice[] };
  facts?: {
    risk?: { floor?: number; score?: number; reasons?: string[] };
    tainted?: boolean;
    findings?: { category: string; place: string; verdict: string; reason: string }[];
    target?: { profile?: string; risk_threshold?: number | null };
    input?: { unreadable?: string[] };
  };
}

/** Fields that name what would run, where the gateway sends them. */
interface Named {
  method?: string | null;
  url?: string | null;
  headers?: Record<string, unknown> | null;
  profile?: string | null;
}

export type ActionView = Schemas["ActionView"];
export type Action = Schemas["ActionDetail"] & Named;

export const actionKey = (id: string) => ["action", id] as const;

export const actionQuery = (id: string) =>
  queryOptions({
    queryKey: actionKey(id),
    queryFn: async () => (await body(api.GET("/api/v1/actions/{id}", { params: { path: { id } } }))) as Action,
    staleTime: 0,
  });

export const votesOf = (action: ActionView) => action.votes as unknown as Vote[];
export const judgedOf = (action: Action) => (action.judged ?? {}) as Judged;

/** What would run, in parts. Nothing of the input is left out: what has no place of its own stands in `rest`. */
export interface Run {
  method: string | undefined;
  url: string | undefined;
  headers: [name: string, value: string][];
  rest: string | undefined;
  body: string | Uint8Array | undefined;
}

const HTTP_FIELDS = ["method", "path", "query", "headers"];

export function runOf(action: Action, baseUrl: string | undefined): Run | undefined {
  const payload = action.payload;
  if (!payload) return undefined;
  const input = payload.input as Record<string, unknown>;
  const isHttp = typeof input.method === "string" && typeof input.path === "string";
  const rest = isHttp
    ? Object.fromEntries(Object.entries(input).filter(([name]) => !HTTP_FIELDS.includes(name)))
    : input;
  return {
    method: isHttp ? (action.method ?? String(input.method)) : undefined,
    url: isHttp ? (action.url ?? address(input, baseUrl)) : undefined,
    headers: isHttp ? headersOf(input.headers) : [],
    rest: Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined,
    body: bodyOf(payload),
  };
}

function address(input: Record<string, unknown>, baseUrl = ""): string {
  const query = typeof input.query === "string" && input.query !== "" ? `?${input.query}` : "";
  return `${baseUrl.replace(/\/+$/, "")}${String(input.path)}${query}`;
}

function headersOf(headers: unknown): [string, string][] {
  if (typeof headers !== "object" || headers === null) return [];
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    Array.isArray(value) ? value.map((each) => [name, String(each)]) : [[name, String(value)]],
  );
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

/** `grant:0191…` in words. */
export function speakerName(speaker: Voice["speaker"]): { kind: string; id: string | undefined } {
  const [kind = "", id] = typeof speaker === "string" ? speaker.split(":") : [speaker.kind ?? "", speaker.id];
  const words: Record<string, string> = {
    key_scope: "the key's scopes",
    no_grant: "no grant",
    grant: "a grant",
    guard: "a guard rule",
    threat: "a threat scan",
    risk: "the risk threshold",
    budget: "a budget",
    taint: "the taint mark",
    rule: "a rule",
    default: "the default",
  };
  return { kind: words[kind] ?? kind.replaceAll("_", " "), id };
}

/** Whether it was the asker's own operator account that asked. */
export function isAskedBy(action: ActionView, me: Schemas["Me"] | undefined): boolean {
  return me !== undefined && action.asked_by === `${me.kind}:${me.id}`;
}
