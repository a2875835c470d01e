import { useQuery } from "@tanstack/react-query";
import { agentNamesQuery, targetNamesQuery } from "@/components/actor/lists";
import { EFFECTS, URGENCIES, wordsOf } from "@/features/activity/search";
import { type Choice, Facet, FilterBar, OneFacet, SearchField } from "@/ui/Filters";
import { EffectWord, UrgencyWord } from "@/ui/Words";
import { countFilters, type InboxFilter, parseInboxSearch } from "./search";

const choices = (words: readonly string[]): Choice[] => words.map((value) => ({ value, label: value }));

/** Everything that narrows the Inbox. */
export function InboxFilters({ filter, onChange }: { filter: InboxFilter; onChange: (filter: InboxFilter) => void }) {
  const agents = useQuery(agentNamesQuery).data ?? [];
  const targets = useQuery(targetNamesQuery).data ?? [];
  const set = (change: Record<string, unknown>) => onChange(parseInboxSearch({ ...filter, ...change }));
  return (
    <FilterBar
      count={countFilters(filter)}
      onClear={() => onChange({})}
      search={
        <SearchField
          label="Search pending requests"
          placeholder="Search"
          value={filter.q}
          onChange={(q) => set({ q })}
          width={200}
        />
      }
    >
      <OneFacet
        name="Agent"
        all="Every agent"
        choices={choices(agents)}
        value={filter.agent}
        onChange={(agent) => set({ agent })}
      />
      <OneFacet
        name="Target"
        all="Every target"
        choices={choices(targets)}
        value={filter.target}
        onChange={(target) => set({ target })}
      />
      <Facet
        name="Urgency"
        choices={choices(URGENCIES)}
        value={wordsOf(filter.urgency)}
        onChange={(urgency) => set({ urgency })}
        draw={({ value }) => <UrgencyWord urgency={value} />}
      />
      <Facet
        name="Effect"
        choices={choices(EFFECTS)}
        value={wordsOf(filter.effect)}
        onChange={(effect) => set({ effect })}
        draw={({ value }) => <EffectWord effect={value} />}
      />
    </FilterBar>
  );
}
