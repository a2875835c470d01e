/** What the addresses of the lists of agents and of targets say. */
export interface ListSearch {
  /** A part of a name or of what stands beside it. */
  q?: string | undefined;
}

export function parseListSearch(search: Record<string, unknown>): ListSearch {
  const isText = typeof search.q === "string" || typeof search.q === "number";
  return { q: isText ? String(search.q).trim().slice(0, 100) || undefined : undefined };
}
