/** Refusals in the gateway's form. */
import { HttpResponse } from "msw";

export interface RefusalParts {
  field?: string;
  action_id?: string;
  limit?: string;
  tries_left?: number;
  retryAfter?: number;
}

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  410: "Gone",
  422: "Unprocessable Entity",
  423: "Locked",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/** Thrown by whatever refuses; `route` turns it into the answer. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly parts: RefusalParts;

  constructor(status: number, code: string, detail: string, parts: RefusalParts = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.parts = parts;
  }

  answer(): HttpResponse<string> {
    const { retryAfter, ...rest } = this.parts;
    const document = {
      type: `urn:countersign:problem:${this.code}`,
      title: TITLES[this.status] ?? "Error",
      status: this.status,
      detail: this.message,
      code: this.code,
      request_id: "0000000000000000000000000000002a",
      ...rest,
    };
    const headers: Record<string, string> = { "content-type": "application/problem+json" };
    if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
    return new HttpResponse(JSON.stringify(document), { status: this.status, headers });
  }
}

export const invalid = (field: string, detail: string) => new Refusal(400, "invalid_input", detail, { field });
export const notFound = (what: string) => new Refusal(404, "not_found", `there is no such ${what}`);
export const forbidden = (detail: string) => new Refusal(403, "forbidden", detail);
export const conflict = (code: string, detail: string, parts?: RefusalParts) => new Refusal(409, code, detail, parts);
export const nameTaken = (what: string, name: string) =>
  conflict("name_taken", `there is already ${what} with the name ${name}: choose another`, { field: "name" });

/** Refuses a change that was made up for another state than the present one. */
export function checkRevision(what: string, expected: number | null | undefined, now: number): void {
  if (expected == null || expected === now) return;
  throw conflict(
    "changed_meanwhile",
    `${what} was changed by somebody else in the meantime: nothing of this change was made`,
  );
}
