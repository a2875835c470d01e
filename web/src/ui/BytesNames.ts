/** The names of characters that a reader can't see, or would take for others. */

const C0 = [
  ..."NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  ),
];

const NAMES: Record<number, string> = {
  127: "DEL",
  133: "next line",
  144: "device control string",
  152: "start of string",
  155: "control sequence introducer",
  157: "operating system command",
  160: "no-break space",
  173: "soft hyphen",
  847: "combining grapheme joiner",
  1564: "Arabic letter mark",
  4447: "Hangul choseong filler",
  4448: "Hangul jungseong filler",
  5760: "Ogham space",
  6158: "Mongolian vowel separator",
  8192: "en quad",
  8193: "em quad",
  8194: "en space",
  8195: "em space",
  8196: "three-per-em space",
  8197: "four-per-em space",
  8198: "six-per-em space",
  8199: "figure space",
  8200: "punctuation space",
  8201: "thin space",
  8202: "hair space",
  8203: "zero width space",
  8204: "zero width non-joiner",
  8205: "zero width joiner",
  8206: "left-to-right mark",
  8207: "right-to-left mark",
  8232: "line separator",
  8233: "paragraph separator",
  8234: "left-to-right embedding",
  8235: "right-to-left embedding",
  8236: "pop directional formatting",
  8237: "left-to-right override",
  8238: "right-to-left override",
  8239: "narrow no-break space",
  8287: "medium mathematical space",
  8288: "word joiner",
  8289: "function application",
  8290: "invisible times",
  8291: "invisible separator",
  8292: "invisible plus",
  8294: "left-to-right isolate",
  8295: "right-to-left isolate",
  8296: "first strong isolate",
  8297: "pop directional isolate",
  10240: "blank braille pattern",
  12288: "ideographic space",
  12644: "Hangul filler",
  65279: "byte order mark",
  65440: "halfwidth Hangul filler",
  65529: "interlinear annotation anchor",
  65530: "interlinear annotation separator",
  65531: "interlinear annotation terminator",
  65532: "object replacement character",
  65533: "replacement character",
};

/** `U+202E`: four digits at least. */
export function codePointLabel(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function kindName(code: number, character: string): string {
  if (code >= 0xd800 && code <= 0xdfff) return "lone surrogate";
  if (code === 0xe0001) return "language tag";
  if (code === 0xe007f) return "cancel tag";
  if (code >= 0xe0020 && code < 0xe007f) return `tag ${String.fromCharCode(code - 0xe0000)}`;
  if ((code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef)) return "variation selector";
  if (/\p{Cc}/u.test(character)) return "control";
  if (/\p{Zs}/u.test(character)) return "space";
  if (/\p{M}/u.test(character)) return "combining mark";
  if (/\p{Co}/u.test(character)) return "private use";
  if (/\p{Cn}/u.test(character)) return "unassigned";
  return "invisible";
}

/** What a token says of a character: `ESC`, `U+202E right-to-left override`. */
export function tokenLabel(code: number): string {
  const short = C0[code] ?? (code === 127 ? "DEL" : undefined);
  if (short !== undefined) return short;
  const character = String.fromCodePoint(code);
  return `${codePointLabel(code)} ${NAMES[code] ?? kindName(code, character)}`;
}
