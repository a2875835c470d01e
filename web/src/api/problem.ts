import type { components } from "./schema";

export type ProblemDocument = components["schemas"]["ProblemDocument"];

/** A call that the gateway refused, or that never reached it. */
export class Problem extends Error {
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** What programs match on: `proof_required`, `locked`, ... `unreachable` where there was no answer. */
  readonly code: string;
  /** Which field of the input is at fault. */
  readonly field: string | undefined;
  readonly title: string;
  /** The id under which the gateway's log knows the call. */
  readonly requestId: string | undefined;
  /** After how many seconds it may be tried again. */
  readonly retryAfter: number | undefined;
  /** How often it may still be tried, where tries are counted. */
  readonly triesLeft: number | undefined;

  constructor(document: Partial<ProblemDocument>, retryAfter?: number) {
    super(document.detail || document.title || "the gateway gave no reason");
    this.name = "Problem";
    this.status = document.status ?? 0;
    this.code = document.code ?? "unknown";
    this.title = document.title ?? "The call failed";
    this.field = document.field ?? undefined;
    this.requestId = document.request_id ?? undefined;
    this.retryAfter = retryAfter;
    this.triesLeft = document.tries_left ?? undefined;
  }

  /** The gateway could not be reached at all. */
  static unreachable(): Problem {
    return new Problem({
      status: 0,
      code: "unreachable",
      title: "The gateway does not answer",
      detail: "The gateway does not answer. It may be restarting: this page tries again by itself.",
    });
  }

  /** Reads a refused answer, whatever its form. */
  static async of(response: Response): Promise<Problem> {
    const wait = Number(response.headers.get("retry-after"));
    const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : undefined;
    const fallback = { status: response.status, title: response.statusText || `Status ${response.status}` };
    try {
      return new Problem({ ...fallback, ...((await response.json()) as ProblemDocument) }, retryAfter);
    } catch {
      return new Problem(fallback, retryAfter);
    }
  }
}

/** Any failure as a problem, for places that show it. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ title: "This page failed", detail: error instanceof Error ? error.message : String(error) });
}
