import { Button, Group, NumberInput, Stack } from "@mantine/core";
import { IconSortAscending, IconSortDescending } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { namesQuery } from "@/components/actor/names";
import { TimeFacet } from "@/features/activity/TimeFacet";
import { FilterBar, OneFacet, SearchField } from "@/ui/Filters";
import { isAscending } from "./entries";
import { KIND_GROUPS, kindWords } from "./kinds";
import { countLedgerFilters, filtersOf, type LedgerSearch, parseLedgerSearch } from "./search";

const FIXED = [
  { value: "system", label: "the gateway itself" },
  { value: "anonymous", label: "nobody known" },
];

function rangeWords({ from, to }: LedgerSearch): string | undefined {
  if (from === undefined && to === undefined) return undefined;
  return `${from ?? 0} to ${to ?? "the last"}`;
}

export interface LedgerFiltersProps {
  search: LedgerSearch;
  onChange: (search: LedgerSearch) => void;
}

/** Everything that narrows the list of entries. */
export function LedgerFilters({ search, onChange }: LedgerFiltersProps) {
  const names = useQuery(namesQuery).data ?? {};
  const actors = Object.entries(names)
    .filter(([reference]) => /^(agent|operator):/.test(reference))
    .map(([value, name]) => ({ value, label: `${name} (${value.slice(0, value.indexOf(":"))})` }));
  const isUp = isAscending(search);
  const set = (change: Record<string, unknown>) => onChange(parseLedgerSearch({ ...search, ...change }));
  return (
    <FilterBar
      count={countLedgerFilters(filtersOf(search))}
      onClear={() => onChange({ order: search.order })}
      search={
        <SearchField
          label="Id of an action"
          placeholder="Id of an action"
          value={search.action}
          onChange={(action) => set({ action })}
          width={290}
        />
      }
      end={
        <Button
          variant="default"
          size="xs"
          h={36}
          leftSection={
            isUp ? <IconSortAscending size={15} aria-hidden /> : <IconSortDescending size={15} aria-hidden />
          }
          onClick={() => set({ order: isUp ? "newest" : "oldest" })}
        >
          {isUp ? "Oldest first" : "Newest first"}
        </Button>
      }
    >
      <OneFacet
        name="Kind"
        all="Every kind"
        choices={KIND_GROUPS}
        value={search.kind}
        summary={search.kind && kindWords(search.kind)}
        onChange={(kind) => set({ kind })}
      />
      <OneFacet
        name="Actor"
        all="Everybody"
        choices={[...actors, ...FIXED]}
        value={search.actor}
        onChange={(actor) => set({ actor })}
      />
      <TimeFacet search={search} onChange={set} hasPresets={false} />
      <OneFacet
        name="Positions"
        all="All"
        choices={[]}
        value={rangeWords(search)}
        onChange={() => set({ from: undefined, to: undefined })}
      >
        <Stack gap={8} p={4} mt={4}>
          <Group gap="xs" wrap="nowrap">
            <NumberInput
              label="From"
              size="xs"
              w={120}
              min={0}
              allowDecimal={false}
              value={search.from ?? ""}
              onChange={(from) => set({ from: from === "" ? undefined : from })}
            />
            <NumberInput
              label="To"
              size="xs"
              w={120}
              min={0}
              allowDecimal={false}
              value={search.to ?? ""}
              onChange={(to) => set({ to: to === "" ? undefined : to })}
            />
          </Group>
        </Stack>
      </OneFacet>
    </FilterBar>
  );
}
