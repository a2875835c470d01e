/**
 * Counts the script that a browser has to load before the Inbox shows, and fails the build where it is too much: it grows by one
 * import at a time, and nobody sees that without counting.
 */
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** What is asked is 250 kB; the rooms to come take some. */
const MOST_BYTES = 245_000;
const ROOM = "/src/features/inbox/InboxPage.tsx";

/** What the count needs to know of a file of the build. */
export interface Built {
  type: "chunk" | "asset";
  code?: string;
  isEntry?: boolean;
  imports?: readonly string[];
  moduleIds?: readonly string[];
}

/** The scripts of a first load: the entry, the file that holds the room, and all that either imports. */
export function firstLoad(bundle: Readonly<Record<string, Built>>, room: string): string[] {
  const files = Object.entries(bundle).filter(([, { type }]) => type === "chunk");
  const isNeeded = ([, file]: [string, Built]) => file.isEntry || file.moduleIds?.some((id) => id.endsWith(room));
  const roots = files.filter(isNeeded).map(([name]) => name);
  if (!files.some(([, { moduleIds }]) => moduleIds?.some((id) => id.endsWith(room)))) {
    throw new Error(`no script holds ${room}: was it renamed? scripts/first-load.ts names it`);
  }
  const needed = new Set<string>();
  const add = (name: string) => {
    if (needed.has(name)) return;
    needed.add(name);
    bundle[name]?.imports?.forEach(add);
  };
  roots.forEach(add);
  return [...needed];
}

/** The bytes of a script as gzip sends it. */
export const gzipBytes = (code: string) => gzipSync(code, { level: 9 }).length;

export function firstLoadLimit(): Plugin {
  return {
    name: "first-load-limit",
    apply: "build",
    // After writing: only then the names of other files stand in the scripts.
    writeBundle(_, bundle) {
      const scripts = firstLoad(bundle, ROOM).map((name) => {
        const file = bundle[name];
        return { name, bytes: file?.type === "chunk" ? gzipBytes(file.code) : 0 };
      });
      const sum = scripts.reduce((total, { bytes }) => total + bytes, 0);
      const words = `script at first load of the Inbox: ${(sum / 1_000).toFixed(1)} kB gzip in ${scripts.length} files, at most ${MOST_BYTES / 1_000} kB`;
      if (sum <= MOST_BYTES) return this.info(words);
      const largest = scripts.toSorted((one, other) => other.bytes - one.bytes).slice(0, 8);
      this.error(
        `${words}. Load later what the first picture does not show (src/ui/late.tsx). The largest:\n${largest
          .map(({ name, bytes }) => `  ${(bytes / 1_000).toFixed(1)} kB ${name}`)
          .join("\n")}`,
      );
    },
  };
}
