/** Characters that pass for others: letters of a second script within a word, and styled forms of Latin letters. */

// Letters of other scripts that most fonts draw as the Latin letter behind the colon.
const PAIRS =
  "а:a в:B е:e ё:e ѕ:s і:i ї:i ј:j к:k м:M н:H о:o р:p с:c т:T у:y х:x ѵ:v һ:h ԁ:d ԛ:q ԝ:w ӏ:l ց:g ո:n ս:u օ:o զ:q հ:h " +
  "А:A В:B Е:E Ѕ:S І:I Ј:J К:K М:M Н:H О:O Р:P С:C Т:T У:Y Х:X Ѵ:V Ӏ:I Ԛ:Q Ԝ:W " +
  "α:a ε:e ι:i κ:k ν:v ο:o ρ:p τ:t υ:u χ:x γ:y ϲ:c ϳ:j ω:w " +
  "Α:A Β:B Ε:E Ζ:Z Η:H Ι:I Κ:K Μ:M Ν:N Ο:O Ρ:P Τ:T Υ:Y Χ:X ı:i ɑ:a ɡ:g ǃ:! ∕:/ ⁄:/ ․:. ꓸ:. ‐:- ‑:- −:- ∶:: ꞉:: ＠:@ ⩵:==";

const LATIN_TWIN = new Map(
  PAIRS.split(" ").map((pair) => {
    const letter = [...pair][0] as string;
    return [letter, pair.slice(letter.length + 1)] as const;
  }),
);

const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["Coptic", /\p{Script=Coptic}/u],
  ["Georgian", /\p{Script=Georgian}/u],
  ["Hebrew", /\p{Script=Hebrew}/u],
  ["Arabic", /\p{Script=Arabic}/u],
  ["Lisu", /\p{Script=Lisu}/u],
];

/** The script that a letter belongs to, among those that are mixed to deceive. */
export function scriptOf(character: string): string | undefined {
  return SCRIPTS.find(([, pattern]) => pattern.test(character))?.[0];
}

/** What the character passes for, where it is a styled or foreign twin of a Latin letter, a digit or a punctuation mark. */
export function twinOf(character: string): string | undefined {
  const twin = LATIN_TWIN.get(character);
  if (twin !== undefined) return twin;
  const plain = character.normalize("NFKC");
  return plain !== character && /^[!-~]{1,4}$/.test(plain) ? plain : undefined;
}

/** Always worth a mark, whatever stands beside it: punctuation and styled letters that pass for plain ones. */
export function isStrayTwin(character: string): boolean {
  return twinOf(character) !== undefined && scriptIsNone(character);
}

function scriptIsNone(character: string): boolean {
  const script = scriptOf(character);
  return script === undefined || script === "Latin";
}

/**
 * Which letters of a word to mark: those of the other scripts where it mixes Latin with one, and all where it is written in twins of Latin
 * letters only (`аррӏе`).
 */
export function suspiciousLetters(word: string): (character: string) => boolean {
  const scripts = new Set([...word].map(scriptOf).filter((script) => script !== undefined));
  if (scripts.size > 1) return (character) => !["Latin", undefined].includes(scriptOf(character));
  const [script] = scripts;
  if (script === undefined || script === "Latin") return () => false;
  const letters = [...word].filter((character) => scriptOf(character) !== undefined);
  const isAllTwins = letters.length > 2 && letters.every((letter) => LATIN_TWIN.has(letter));
  return isAllTwins ? (character) => scriptOf(character) !== undefined : () => false;
}
