/**
 * Untrusted text as pieces to draw: what a reader sees as it is stays text, everything else becomes a named token.
 *
 * INVARIANT: the sources of the pieces, one behind the other, are the text, code unit for code unit.
 */
import { isStrayTwin, scriptOf, suspiciousLetters, twinOf } from "./BytesLookalikes";
import { codePointLabel, tokenLabel } from "./BytesNames";

export interface Piece {
  /** `text` is drawn as it is; `space` is a mark of white space; `token` warns. */
  kind: "text" | "space" | "token";
  /** What stands in the text. */
  source: string;
  /** What is drawn. */
  shown: string;
}

/** Spaces in a row, from which on they are counted instead of drawn. */
const COUNTED_SPACES = 32;
/** Marks above or below one letter that real languages need. */
const STACKED_MARKS = 3;

// Invisible, blank, unassigned or reordering; line ends are taken out before.
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\uFFFC\uFFFD]|(?! )\p{Zs}/u;
// A fast way out: most text is printable ASCII.
const PLAIN = /^[!-~]*(?: {1,8}[!-~]+)*$/;
const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const MARK = /\p{M}/u;

/** The pieces of one line, without its end. `isEnd`: whether the line ends here, so that spaces at its end are marked. */
export function pieces(line: string, isEnd = true): Piece[] {
  if (line === "") return [];
  if (PLAIN.test(line)) return [{ kind: "text", source: line, shown: line }];
  const marked = suspiciousAt(line);
  const trailing = isEnd ? line.replace(/[ \t]+$/, "").length : line.length;
  const out: Piece[] = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push({ kind: "text", source: plain, shown: plain });
    plain = "";
  };
  const push = (piece: Piece) => {
    flush();
    out.push(piece);
  };
  let stacked = 0;
  for (let at = 0; at < line.length; ) {
    const code = line.codePointAt(at) as number;
    const source = String.fromCodePoint(code);
    const next = at + source.length;
    if (source === " ") {
      const end = endOfRun(line, at);
      const run = line.slice(at, end);
      if (run.length >= COUNTED_SPACES) push({ kind: "token", source: run, shown: `[${run.length} spaces]` });
      else if (at >= trailing) push({ kind: "space", source: run, shown: "·".repeat(run.length) });
      else plain += run;
      stacked = 0;
      at = end;
      continue;
    }
    if (source === "\t") {
      push({ kind: "space", source, shown: "⇥\t" });
    } else if (HIDDEN.test(source)) {
      push({ kind: "token", source, shown: `[${tokenLabel(code)}]` });
    } else if (MARK.test(source)) {
      stacked += 1;
      if (plain === "" || stacked > STACKED_MARKS) {
        push({ kind: "token", source, shown: `[${codePointLabel(code)} combining mark]` });
      } else plain += source;
      at = next;
      continue;
    } else if (marked.has(at) || isStrayTwin(source)) {
      push({ kind: "token", source, shown: `${source}[${lookalikeLabel(code, source)}]` });
    } else {
      plain += source;
    }
    stacked = 0;
    at = next;
  }
  flush();
  return out;
}

/** A short untrusted text where only plain text can stand: a title, a label, an announcement. What hides in it is named. */
export function titleOf(text: string): string {
  return pieces(text)
    .map(({ shown }) => shown)
    .join("");
}

function endOfRun(line: string, at: number): number {
  let end = at;
  while (line[end] === " ") end += 1;
  return end;
}

function lookalikeLabel(code: number, source: string): string {
  const twin = twinOf(source);
  const script = scriptOf(source);
  return [codePointLabel(code), script === "Latin" ? undefined : script, twin && `looks like ${twin}`]
    .filter(Boolean)
    .join(" ");
}

/** Where the letters stand that pass for others. */
function suspiciousAt(line: string): Set<number> {
  const found = new Set<number>();
  for (const match of line.matchAll(WORD)) {
    const isSuspicious = suspiciousLetters(match[0]);
    let at = match.index;
    for (const character of match[0]) {
      if (isSuspicious(character)) found.add(at);
      at += character.length;
    }
  }
  return found;
}

const HIDDEN_ANYWHERE = new RegExp(`(?![\\n\\r\\t])(?:${HIDDEN.source})`, "gu");
const FOREIGN_WORD = /[\p{L}\p{M}\p{N}_]*[^\p{ASCII}][\p{L}\p{M}\p{N}_]*/gu;

// What `pieces` draws as tokens by what stands around it: marks, and spaces that push a text out of sight.
const BY_SURROUNDINGS = new RegExp(`\\p{M}| {${COUNTED_SPACES}}`, "u");
const LINE_END = /\r\n|\n|\r/;

/** How many warning tokens a text is drawn with: hidden and misleading characters, piles of marks, long runs of spaces. */
export function countHidden(text: string): number {
  if (!BY_SURROUNDINGS.test(text)) return countCharacters(text);
  let count = 0;
  for (const line of text.split(LINE_END)) {
    count += BY_SURROUNDINGS.test(line)
      ? pieces(line).filter(({ kind }) => kind === "token").length
      : countCharacters(line);
  }
  return count;
}

/** The same for a line whose characters are each looked at alone, without drawing it. */
function countCharacters(text: string): number {
  let count = text.match(HIDDEN_ANYWHERE)?.length ?? 0;
  for (const match of text.matchAll(FOREIGN_WORD)) {
    const word = match[0];
    const isSuspicious = suspiciousLetters(word);
    for (const character of word) {
      if (!HIDDEN.test(character) && (isSuspicious(character) || isStrayTwin(character))) count += 1;
    }
  }
  return count;
}
