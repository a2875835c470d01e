/** How hard a passphrase is to guess, roughly: a hint beside a field, no judgement. */
export interface Strength {
  /** 0 to 100. */
  score: number;
  word: "too short" | "weak" | "fair" | "strong";
}

export const PASSPHRASE_MINIMUM = 14;
export const PASSWORD_MINIMUM = 12;

const COMMON = /password|passwort|qwert|letmein|welcome|countersign|secret|123456|abcdef|admin/i;
const BITS = { fair: 55, strong: 75 };

/** Bits by length, kinds of characters, repetition and words that come first in every list. */
export function strength(text: string, minimum: number): Strength {
  const characters = [...text];
  const distinct = new Set(characters.map((character) => character.toLowerCase())).size;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(text)).length;
  const perCharacter = 2.4 + kinds * 0.5;
  const repeated = distinct < characters.length / 3 ? 0.4 : 1;
  const common = COMMON.test(text) ? 0.6 : 1;
  const bits = characters.length * perCharacter * repeated * common;
  const score = Math.min(100, Math.round(bits));
  if (characters.length < minimum) return { score: Math.min(score, 30), word: "too short" };
  return { score, word: bits < BITS.fair ? "weak" : bits < BITS.strong ? "fair" : "strong" };
}
