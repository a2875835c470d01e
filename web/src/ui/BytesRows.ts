/** Text and bytes as rows to draw: one for each line, or for each stretch of a long one. */

export interface TextRow {
  /** The line's number, from 1. */
  line: number;
  /** Where the stretch begins in its line; 0 for the line's first. */
  offset: number;
  start: number;
  end: number;
  /** How the line ends behind this row; `undefined` where it goes on in the next row, `none` at the end of the text. */
  ending: "LF" | "CRLF" | "CR" | "none" | undefined;
}

/** A line is broken after this many UTF-16 code units; the break is marked. */
export const ROW_UNITS = 500;

/** Every row of a text. */
export function textRows(text: string): TextRow[] {
  const rows: TextRow[] = [];
  const ends = /\r\n|\n|\r/g;
  let start = 0;
  let line = 1;
  for (;;) {
    const match = ends.exec(text);
    const end = match ? match.index : text.length;
    const ending = !match ? "none" : match[0] === "\r\n" ? "CRLF" : match[0] === "\n" ? "LF" : "CR";
    // Behind a last line end there is no further line.
    if (match || end > start || rows.length === 0) pushLine(rows, text, line, start, end, ending);
    if (!match) return rows;
    start = ends.lastIndex;
    line += 1;
  }
}

function pushLine(rows: TextRow[], text: string, line: number, start: number, end: number, ending: TextRow["ending"]) {
  let at = start;
  do {
    let stop = Math.min(end, at + ROW_UNITS);
    // A pair of surrogates stays together.
    const code = text.charCodeAt(stop - 1);
    if (stop < end && code >= 0xd800 && code <= 0xdbff) stop -= 1;
    rows.push({ line, offset: at - start, start: at, end: stop, ending: stop < end ? undefined : ending });
    at = stop;
  } while (at < end);
}

export interface LineEnds {
  LF: number;
  CRLF: number;
  CR: number;
}

/** How many lines end in which way. */
export function lineEnds(rows: readonly TextRow[]): LineEnds {
  const ends: LineEnds = { LF: 0, CRLF: 0, CR: 0 };
  for (const { ending } of rows) if (ending && ending !== "none") ends[ending] += 1;
  return ends;
}

const encoder = new TextEncoder();

/** The length in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** `64 kB`, in units of 1,000. */
export function byteSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  const [size, unit] = bytes < 1_000_000 ? [bytes / 1_000, "kB"] : [bytes / 1_000_000, "MB"];
  return `${size < 10 ? size.toFixed(1) : Math.round(size).toLocaleString("en")} ${unit}`;
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The bytes as text, if they are UTF-8 from end to end. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes behind base64; `undefined` if it is none. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return undefined;
  }
}

/** One row of a hex dump: its bytes, and what of them is printable ASCII. */
export function hexRow(bytes: Uint8Array, row: number, width: number): { offset: string; hex: string; ascii: string } {
  const slice = [...bytes.subarray(row * width, (row + 1) * width)];
  return {
    offset: (row * width).toString(16).padStart(8, "0"),
    hex: slice.map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    ascii: slice.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join(""),
  };
}
