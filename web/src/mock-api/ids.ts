/** Ids and secrets that look like the gateway's: ids are ordered by time. */
let count = 0;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0").slice(-digits);

/** An id of the form that the gateway gives (UUID version 7). */
export function uuid(at: number = Date.now()): string {
  count += 1;
  const time = hex(at, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(count >> 8, 3)}-8${hex(count, 3)}-${hex(count * 2_654_435_761, 12)}`;
}

/** 64 hexadecimal digits that follow from the text. No hash: only its looks. */
export function digest(text: string): string {
  let all = "";
  for (let round = 0; all.length < 64; round += 1) {
    let value = 2_166_136_261 ^ round;
    for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16_777_619);
    all += hex(value >>> 0, 8);
  }
  return all.slice(0, 64);
}

/** A secret that can be told apart from another one. */
export function secret(prefix: string): string {
  count += 1;
  return `${prefix}_${digest(`${prefix}${count}`).slice(0, 43)}`;
}
