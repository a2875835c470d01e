/** What the address of the Activity says. */
export interface ActivitySearch {
  q?: string | undefined;
}

export function parseActivitySearch(search: Record<string, unknown>): ActivitySearch {
  return { q: typeof search.q === "string" ? search.q : undefined };
}
