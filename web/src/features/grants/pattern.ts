/** Action patterns, read as the gateway reads them, to say while somebody types what a pattern covers. The gateway's word is final. */

const METHOD = /^[A-Z]+$/;

/** What is wrong with a pattern, in words. */
export function checkPattern(text: string): string | undefined {
  if (text === "") return "An action is needed: GET /charges/*, a word such as restart, or ** for every action";
  const space = text.indexOf(" ");
  if (space < 0) {
    if (text === "**") return undefined;
    if (text.startsWith("/"))
      return "Put the method in front of the path: GET /charges/*, or * /charges/* for any method";
    const prefix = text.endsWith("*") ? text.slice(0, -1) : text;
    if (prefix.includes("*")) return "In a word, * stands only at its end: list_*";
    return undefined;
  }
  const method = text.slice(0, space);
  const path = text.slice(space + 1);
  if (method !== "*" && !METHOD.test(method)) return "The method is in capital letters, or * for any: GET /charges/*";
  if (!path.startsWith("/")) return "The path begins with /: GET /charges/*";
  const segments = segmentsOf(path);
  if (!segments)
    return "Upstreams may read this path in two ways: leave out //, . and .. segments, backslashes and %2F";
  const part = segments.find((each) => each.includes("*") && each !== "*" && each !== "**");
  if (part) return `* stands for one whole segment and ** for any number of them, not for a part of one: ${part}`;
  return undefined;
}

function segmentsOf(path: string): string[] | undefined {
  const raw = path.slice(1).split("/");
  if (raw.at(-1) === "") raw.pop();
  const segments: string[] = [];
  for (const each of raw) {
    let decoded: string;
    try {
      decoded = decodeURIComponent(each);
    } catch {
      return undefined;
    }
    if (decoded === "" || decoded === "." || decoded === ".." || /[/\\\p{Cc}]/u.test(decoded)) return undefined;
    segments.push(decoded);
  }
  return segments;
}

function segmentsMatch(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === "**") return segmentsMatch(rest, path) || (path.length > 0 && segmentsMatch(pattern, path.slice(1)));
  if (path.length === 0) return false;
  return (first === "*" || first === path[0]) && segmentsMatch(rest, path.slice(1));
}

/** Whether the pattern covers the action. */
export function patternMatches(pattern: string, action: string): boolean {
  if (checkPattern(pattern)) return false;
  if (pattern === "**") return true;
  const [method, path] = split(pattern);
  const [actualMethod, actualPath] = split(action);
  if ((path === undefined) !== (actualPath === undefined)) return false;
  if (path === undefined || actualPath === undefined) {
    return pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : action === pattern;
  }
  const actual = actualPath.startsWith("/") ? segmentsOf(actualPath) : undefined;
  return (
    (method === "*" || method === actualMethod) && Boolean(actual && segmentsMatch(segmentsOf(path) ?? [], actual))
  );
}

function split(text: string): [string, string | undefined] {
  const space = text.indexOf(" ");
  return space < 0 ? [text, undefined] : [text.slice(0, space), text.slice(space + 1)];
}

/** Whether a pattern and what a connector offers (itself a pattern, such as `GET /**`) have actions in common. */
export function patternsMeet(pattern: string, offered: string): boolean {
  if (checkPattern(pattern)) return false;
  if (pattern === "**") return true;
  const [method, path] = split(pattern);
  const [offeredMethod, offeredPath] = split(offered);
  if ((path === undefined) !== (offeredPath === undefined)) return false;
  if (path === undefined || offeredPath === undefined) {
    return patternMatches(pattern, offered) || patternMatches(offered, pattern);
  }
  const methods = method === "*" || offeredMethod === "*" || method === offeredMethod;
  return methods && segmentsMeet(segmentsOf(path) ?? [], segmentsOf(offeredPath) ?? []);
}

function segmentsMeet(one: readonly string[], other: readonly string[]): boolean {
  const [first, ...rest] = one;
  const [second, ...others] = other;
  if (first === "**") return segmentsMeet(rest, other) || (second !== undefined && segmentsMeet(one, others));
  if (second === "**") return segmentsMeet(one, others) || (first !== undefined && segmentsMeet(rest, other));
  if (first === undefined || second === undefined) return first === second;
  return (first === "*" || second === "*" || first === second) && segmentsMeet(rest, others);
}
