/** What the address of the Inbox says: which requests are listed, and which one is open. */
import { EFFECTS, listOf, textOf, URGENCIES } from "@/features/activity/search";

export interface InboxSearch {
  /** Words that must all occur. */
  q?: string | undefined;
  agent?: string | undefined;
  target?: string | undefined;
  /** Words separated by commas. */
  urgency?: string | undefined;
  effect?: string | undefined;
  /** The request that is open. */
  id?: string | undefined;
}

/** What narrows the list. */
export type InboxFilter = Omit<InboxSearch, "id">;

const ID = /^[0-9a-f-]{36}$/i;

export function parseInboxSearch(search: Record<string, unknown>): InboxSearch {
  const id = textOf(search.id);
  return {
    q: textOf(search.q),
    agent: textOf(search.agent),
    target: textOf(search.target),
    urgency: listOf(search.urgency, URGENCIES),
    effect: listOf(search.effect, EFFECTS),
    id: id && ID.test(id) ? id : undefined,
  };
}

export function filterOf({ q, agent, target, urgency, effect }: InboxSearch): InboxFilter {
  return { q, agent, target, urgency, effect };
}

export function countFilters(filter: InboxFilter): number {
  return Object.values(filterOf(filter)).filter((value) => value !== undefined).length;
}
