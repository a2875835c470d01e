import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { agentNamesQuery, targetNamesQuery } from "@/components/actor/lists";

const PAUSE_MS = 250;
const SHORTEST = 2;
const SHOWN = 6;
const PENDING_SHOWN = 20;

/** What the gateway has that the words may mean. Nothing is asked for while the palette is closed. */
export function useFound(words: string, isOpen: boolean) {
  const [settled] = useDebouncedValue(words.trim(), PAUSE_MS);
  const agents = useQuery({ ...agentNamesQuery, enabled: isOpen }).data ?? [];
  const targets = useQuery({ ...targetNamesQuery, enabled: isOpen }).data ?? [];
  const pending = useQuery({
    queryKey: ["palette", "pending"],
    queryFn: () =>
      body(api.GET("/api/v1/approvals", { params: { query: { order: "urgency", limit: PENDING_SHOWN } } })),
    enabled: isOpen,
    staleTime: 2_000,
  }).data?.items;
  const isSearch = isOpen && settled.length >= SHORTEST;
  const actions = useQuery({
    queryKey: ["palette", "actions", settled],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/actions", { params: { query: { q: settled, limit: SHOWN } }, signal })),
    enabled: isSearch,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  return {
    agents,
    targets,
    pending: pending ?? [],
    actions: isSearch ? (actions.data?.items ?? []) : [],
    isSearching: isSearch && (actions.isFetching || settled !== words.trim()),
    error: isSearch ? actions.error : null,
  };
}
