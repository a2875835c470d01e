/** Sizes and lengths of time, as people read them. */

const SIZES = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** `10 MiB`. */
export function bytes(count: number): string {
  let size = count;
  let unit = 0;
  while (size >= 1_024 && unit < SIZES.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${Number(size.toFixed(1))} ${SIZES[unit]}`;
}

const SPANS: [string, number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** `5 min`, `1 h 30 min`: the two largest units. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of SPANS) {
    const count = unit === "s" ? Math.round(rest * 10) / 10 : Math.floor(rest / size);
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
    rest -= Math.floor(rest / size) * size;
  }
  return parts.join(" ");
}

const FACTORS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds from `90s`, `30m`, `12h` or `7d`; `undefined` for anything else. */
export function secondsOf(text: string): number | undefined {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text.trim()) ?? [];
  const factor = FACTORS[unit ?? ""];
  return count && factor ? Number(count) * factor : undefined;
}
