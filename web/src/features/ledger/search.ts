/** What the address of the Ledger says. */
export interface LedgerSearch {
  q?: string | undefined;
}

export function parseLedgerSearch(search: Record<string, unknown>): LedgerSearch {
  return { q: typeof search.q === "string" ? search.q : undefined };
}
