type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value with what changes of it, at any depth. `null` is a value. */
export function merged<T extends object>(value: T, change: object): T {
  const all = { ...value } as Fields;
  for (const [name, next] of Object.entries(change)) {
    const now = all[name];
    all[name] = isObject(now) && isObject(next) ? merged(now, next) : next;
  }
  return all as T;
}
