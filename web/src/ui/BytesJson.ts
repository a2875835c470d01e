/**
 * JSON laid out for reading, by moving white space only: strings and numbers keep their spelling, duplicate keys stay. What `JSON.parse`
 * would lose is what somebody hides things in.
 */
export interface LaidOut {
  text: string;
  /** Keys that stand twice in one object: readers of JSON disagree on which one counts. */
  duplicates: string[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
const INDENT = "  ";

/** The text laid out; `undefined` if it is no JSON object or list. */
export function layOutJson(text: string): LaidOut | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const tokens = text.match(TOKEN) ?? [];
  const out: string[] = [];
  const duplicates = new Set<string>();
  const scopes: (Set<string> | undefined)[] = [];
  const newLine = () => out.push("\n", INDENT.repeat(scopes.length));
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as string;
    if (token === "{" || token === "[") {
      const close = tokens[at + 1];
      if (close === "}" || close === "]") {
        out.push(token, close);
        at += 1;
        continue;
      }
      scopes.push(token === "{" ? new Set() : undefined);
      out.push(token);
      newLine();
    } else if (token === "}" || token === "]") {
      scopes.pop();
      newLine();
      out.push(token);
    } else if (token === ",") {
      out.push(token);
      newLine();
    } else if (token === ":") {
      out.push(": ");
    } else {
      const scope = scopes.at(-1);
      if (scope && tokens[at + 1] === ":") {
        const key = JSON.parse(token) as string;
        if (scope.has(key)) duplicates.add(key);
        scope.add(key);
      }
      out.push(token);
    }
  }
  return { text: out.join(""), duplicates: [...duplicates] };
}
