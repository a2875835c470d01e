import { Button } from "@mantine/core";
import { IconSortAscending, IconSortDescending } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { agentNamesQuery, targetNamesQuery } from "@/components/actor/lists";
import { type Choice, Facet, FilterBar, OneFacet, SearchField } from "@/ui/Filters";
import { EffectWord, StateWord, UrgencyWord, VerdictWord } from "@/ui/Words";
import {
  type ActivitySearch,
  countFilters,
  EFFECTS,
  parseActivitySearch,
  STATES,
  URGENCIES,
  VERDICTS,
  wordsOf,
} from "./search";
import { TimeFacet } from "./TimeFacet";

const choices = (words: readonly string[]): Choice[] => words.map((value) => ({ value, label: value }));

export interface ActivityFiltersProps {
  search: ActivitySearch;
  onChange: (search: ActivitySearch) => void;
}

/** Everything that narrows the list. */
export function ActivityFilters({ search, onChange }: ActivityFiltersProps) {
  const agents = useQuery(agentNamesQuery).data ?? [];
  const targets = useQuery(targetNamesQuery).data ?? [];
  const set = (change: Record<string, unknown>) => onChange(parseActivitySearch({ ...search, ...change }));
  return (
    <FilterBar
      count={countFilters(search)}
      onClear={() => onChange({ order: search.order })}
      search={
        <SearchField
          label="Search actions"
          placeholder="Search actions"
          value={search.q}
          onChange={(q) => set({ q })}
          width={170}
        />
      }
      end={
        <Button
          variant="default"
          size="xs"
          h={36}
          leftSection={
            search.order ? <IconSortAscending size={15} aria-hidden /> : <IconSortDescending size={15} aria-hidden />
          }
          onClick={() => set({ order: search.order ? undefined : "oldest" })}
        >
          {search.order ? "Oldest first" : "Newest first"}
        </Button>
      }
    >
      <TimeFacet search={search} onChange={set} />
      <OneFacet
        name="Agent"
        all="Every agent"
        choices={choices(agents)}
        value={search.agent}
        onChange={(agent) => set({ agent })}
      />
      <OneFacet
        name="Target"
        all="Every target"
        choices={choices(targets)}
        value={search.target}
        onChange={(target) => set({ target })}
      />
      <Facet
        name="State"
        choices={choices(STATES)}
        value={wordsOf(search.state)}
        onChange={(state) => set({ state })}
        draw={({ value }) => <StateWord state={value} />}
      />
      <Facet
        name="Verdict"
        choices={choices(VERDICTS)}
        value={wordsOf(search.verdict)}
        onChange={(verdict) => set({ verdict })}
        draw={({ value }) => <VerdictWord verdict={value} />}
      />
      <Facet
        name="Effect"
        choices={choices(EFFECTS)}
        value={wordsOf(search.effect)}
        onChange={(effect) => set({ effect })}
        draw={({ value }) => <EffectWord effect={value} />}
      />
      <Facet
        name="Urgency"
        choices={choices(URGENCIES)}
        value={wordsOf(search.urgency)}
        onChange={(urgency) => set({ urgency })}
        draw={({ value }) => <UrgencyWord urgency={value} />}
      />
      <SearchField
        label="The action's name begins with; * stands for anything"
        placeholder="Name: GET /a*"
        value={search.action}
        onChange={(action) => set({ action })}
        width={164}
      />
    </FilterBar>
  );
}
