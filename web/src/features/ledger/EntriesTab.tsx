import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowUp, IconLink } from "@tabler/icons-react";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { NothingMatches } from "@/features/activity/NothingYet";
import { DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import type { Entry } from "./entries";
import { entryColumns, NARROW_ROW_HEIGHT, narrowEntryColumns } from "./entryColumns";
import { LedgerFilters } from "./LedgerFilters";
import classes from "./ledger.module.css";
import { countLedgerFilters, filtersOf, type LedgerSearch, parseLedgerSearch } from "./search";
import { useEntries } from "./useEntries";

const keyOf = (entry: Entry) => String(entry.position);

/** The entries, filtered, live. */
export function EntriesTab({ search }: { search: LedgerSearch }) {
  const navigate = useNavigate();
  const place = useRouterState({ select: (state) => state.location.state.__TSR_key });
  // Opening an entry is no other list.
  const written = JSON.stringify(filtersOf(search));
  const filters = useMemo(() => parseLedgerSearch(JSON.parse(written)), [written]);
  const isNarrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const list = useEntries(filters);
  const [topRequest, setTopRequest] = useState(0);
  const change = (next: LedgerSearch) => void navigate({ to: "/dashboard/ledger", search: next, replace: true });
  return (
    <>
      <LedgerFilters search={search} onChange={change} />
      <div className={classes.list}>
        {list.waiting > 0 && (
          <Button
            className={classes.pill}
            size="compact-sm"
            radius="xl"
            leftSection={<IconArrowUp size={14} aria-hidden />}
            onClick={() => {
              list.release();
              setTopRequest((request) => request + 1);
            }}
          >
            {list.waiting} new
          </Button>
        )}
        <DataTable
          label="Ledger entries"
          columns={isNarrow ? narrowEntryColumns : entryColumns}
          rows={list.rows}
          rowKey={keyOf}
          onOpen={(entry) =>
            void navigate({ to: "/dashboard/ledger", search: { ...search, entry: entry.position }, replace: true })
          }
          error={list.error}
          onRetry={list.retry}
          onEnd={list.loadMore}
          isLoadingMore={list.isLoadingMore}
          onTop={list.setAtTop}
          topRequest={topRequest}
          placeKey={place}
          isFull
          {...(isNarrow ? { rowHeight: NARROW_ROW_HEIGHT } : {})}
          empty={
            countLedgerFilters(filters) > 0 ? (
              <NothingMatches what="entry" onClear={() => change({})} />
            ) : (
              <EmptyState icon={IconLink} title="No entry yet">
                Every act of agents and operators leaves an entry here, chained to the one before it.
              </EmptyState>
            )
          }
        />
      </div>
    </>
  );
}
