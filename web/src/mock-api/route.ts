/** How every route is made: refusals become problems, bodies are read and checked. */
import { type DefaultBodyType, HttpResponse, http, type PathParams } from "msw";
import { timestamp } from "./db";
import { invalid, Refusal } from "./problem";

type Method = "get" | "post" | "put" | "patch" | "delete";

export interface Call {
  request: Request;
  url: URL;
  /** A part of the path. */
  param: (name: string) => string;
}

/** Answers a path. What the work returns is the JSON body; `undefined` is 204. */
export function route(method: Method, path: string, work: (call: Call) => unknown, status = 200) {
  return http[method]<PathParams, DefaultBodyType>(`*${path}`, async ({ request, params }) => {
    try {
      const param = (name: string) => decodeURIComponent(String(params[name] ?? ""));
      const answer = await work({ request, url: new URL(request.url), param });
      if (answer instanceof Response) return answer as HttpResponse<DefaultBodyType>;
      if (answer === undefined) return new HttpResponse(null, { status: 204 });
      return HttpResponse.json(answer as DefaultBodyType, { status });
    } catch (error) {
      if (error instanceof Refusal) return error.answer() as HttpResponse<DefaultBodyType>;
      throw error;
    }
  });
}

/** The body of a call: an object with none but these fields. */
export async function read<T extends object>(request: Request, fields: readonly (keyof T & string)[]): Promise<T> {
  const text = await request.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw invalid(".", "the body is not JSON");
  }
  if (value === null) value = {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(".", "the body must be a JSON object");
  for (const name of Object.keys(value as object)) {
    if (!fields.includes(name as keyof T & string)) {
      throw invalid(name, `unknown field \`${name}\`, expected one of ${fields.map((f) => `\`${f}\``).join(", ")}`);
    }
  }
  return value as T;
}

const PAGE_LIMIT = 200;

/** How many items a page has. */
export function limitOf(url: URL): number {
  const limit = Number(url.searchParams.get("limit") ?? PAGE_LIMIT);
  if (!Number.isInteger(limit)) throw invalid("limit", "expected a number");
  return Math.min(Math.max(limit, 1), PAGE_LIMIT);
}

/** One page of items that are in the order in which they are listed; the cursor is the last item's id. */
export function page<T extends { id: string }>(url: URL, items: readonly T[]): { items: T[]; next: string | null } {
  const cursor = url.searchParams.get("cursor");
  let start = 0;
  if (cursor !== null) {
    start = items.findIndex(({ id }) => id === cursor) + 1;
    if (start === 0 && !/^[0-9a-f-]{36}$/.test(cursor)) {
      throw invalid("cursor", "not a cursor: send the `next` of the page before");
    }
  }
  const limit = limitOf(url);
  const found = items.slice(start, start + limit);
  return { items: found, next: start + limit < items.length ? (found.at(-1)?.id ?? null) : null };
}

/** Refuses what is no name. */
export function name(value: unknown, field = "name"): string {
  if (typeof value !== "string" || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) {
    throw invalid(field, "a name has 1 to 64 characters from A-Z a-z 0-9 . _ - and starts with a letter or digit");
  }
  return value;
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** When something ends by itself. */
export function expiry(body: { expires?: string | null; expires_in_seconds?: number | null }): string | null {
  if (body.expires_in_seconds) return timestamp(Date.now() + body.expires_in_seconds * 1_000);
  if (!body.expires) return null;
  const [, count, unit] = /^(\d+)([smhdw])$/.exec(body.expires) ?? [];
  if (!count || !unit) throw invalid("expires", "not a duration: expected 30m, 1h, 7d");
  return timestamp(Date.now() + Number(count) * (UNITS[unit] ?? 1) * 1_000);
}
