/** What the address of the Inbox says. */
export interface InboxSearch {
  q?: string | undefined;
}

export function parseInboxSearch(search: Record<string, unknown>): InboxSearch {
  return { q: typeof search.q === "string" ? search.q : undefined };
}
