/** Checkpoints as the API gives them: signed notes. */
export interface Checkpoint {
  /** How many entries it covers: those before this position. */
  size: number;
  at: string;
  /** The root of the tree, in base64. */
  root: string;
  /** The signed note, as it stands outside of the database, too. */
  note: string;
}

/** Reads what the API's document calls an object. */
export function checkpointOf(raw: unknown): Checkpoint {
  const { size = 0, at = "", note = "", root } = (raw ?? {}) as Partial<Checkpoint>;
  // The third line of a signed note is the root: see https://c2sp.org/tlog-checkpoint.
  return { size, at, note, root: root ?? note.split("\n")[2] ?? "" };
}

/** The short form of a signed note's key, `name+HASH+KEY`: its hash. */
export function fingerprintOf(key: string): string {
  return key.split("+")[1] ?? key;
}
