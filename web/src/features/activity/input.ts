/** The input of an action in the parts that are shown apart. */
export interface InputParts {
  /** `POST /charges?x=1`, of a call over HTTP. */
  line: string | undefined;
  headers: Record<string, string>;
  /** All else, as JSON. */
  rest: string | undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Takes an input apart. Nothing of it is left out: what has no place of its own is in `rest`. */
export function inputParts(input: Record<string, unknown>): InputParts {
  const left = { ...input };
  let line: string | undefined;
  if (typeof left.method === "string" && typeof left.path === "string") {
    const query = left.query === null || left.query === undefined || left.query === "" ? "" : `?${textOf(left.query)}`;
    line = `${left.method} ${left.path}${query}`;
    delete left.method;
    delete left.path;
    delete left.query;
  }
  const headers: Record<string, string> = {};
  if (left.headers && typeof left.headers === "object" && !Array.isArray(left.headers)) {
    for (const [name, value] of Object.entries(left.headers)) headers[name] = textOf(value);
    delete left.headers;
  }
  const rest = Object.keys(left).length > 0 ? JSON.stringify(left, null, 2) : undefined;
  return { line, headers, rest };
}
