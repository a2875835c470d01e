import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowUp } from "@tabler/icons-react";
import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { DataTable } from "@/ui/DataTable";
import { Page } from "@/ui/Page";
import { ActivityFilters } from "./ActivityFilters";
import classes from "./activity.module.css";
import { columns, NARROW_ROW_HEIGHT, narrowColumns } from "./columns";
import { NothingMatches, NothingYet } from "./NothingYet";
import type { ActionView } from "./rows";
import { type ActivitySearch, countFilters } from "./search";
import { useActivity } from "./useActivity";

const keyOf = (row: ActionView) => row.id;

/** Every action of every surface, live and past. */
export function ActivityPage() {
  const search = useSearch({ from: "/dashboard/activity" });
  const navigate = useNavigate();
  const place = useRouterState({ select: (state) => state.location.state.__TSR_key });
  const list = useActivity(search);
  const [topRequest, setTopRequest] = useState(0);
  const change = useCallback(
    (next: ActivitySearch) => void navigate({ to: "/dashboard/activity", search: next, replace: true }),
    [navigate],
  );
  const isNarrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const isFiltered = countFilters(search) > 0;
  return (
    <Page title="Activity" description="Every action that was asked for, as it happens and afterwards." isFull>
      <ActivityFilters search={search} onChange={change} />
      <div className={classes.list}>
        {(list.waiting > 0 || list.isMore) && (
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
            {list.isMore ? `${list.waiting}+ new` : `${list.waiting} new`}
          </Button>
        )}
        <DataTable
          label="Actions"
          columns={isNarrow ? narrowColumns : columns}
          {...(isNarrow ? { rowHeight: NARROW_ROW_HEIGHT } : {})}
          rows={list.rows}
          rowKey={keyOf}
          onOpen={(row) =>
            void navigate({ to: "/dashboard/activity/$id", params: { id: row.id }, state: { isFromList: true } })
          }
          error={list.error}
          onRetry={list.retry}
          onEnd={list.loadMore}
          isLoadingMore={list.isLoadingMore}
          onTop={list.setAtTop}
          topRequest={topRequest}
          placeKey={place}
          isFull
          empty={isFiltered ? <NothingMatches onClear={() => change({ order: search.order })} /> : <NothingYet />}
        />
      </div>
      <p className="cs-visually-hidden" role="status">
        {list.waiting > 0 ? `${list.waiting} new actions` : ""}
      </p>
    </Page>
  );
}
