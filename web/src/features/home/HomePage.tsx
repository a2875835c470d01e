import { Skeleton, Stack } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useLive } from "@/app/live";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { useTick } from "@/ui/useNow";
import { useThrottled } from "@/ui/useThrottled";
import { attention } from "./attention";
import { FirstSteps } from "./FirstSteps";
import classes from "./home.module.css";
import { LastDay } from "./LastDay";
import { LedgerNow } from "./LedgerNow";
import { Needs } from "./Needs";
import { Strip, stripQuery } from "./Strip";
import { summaryQuery } from "./summary";

const PAUSE_MS = 1_000;
/** Ages that matter here change by the minute. */
const MINUTE_MS = 60_000;

/** What needs me now? */
export function HomePage() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ ...summaryQuery, refetchInterval: MINUTE_MS });
  const now = useTick((time) => Math.floor(time / MINUTE_MS) * MINUTE_MS);
  const renew = useThrottled(() => void client.invalidateQueries({ queryKey: summaryQuery.queryKey }), PAUSE_MS);
  useLive(renew);
  const isFirstRun = useQuery(stripQuery).data?.items.length === 0;
  const needs = data ? attention(data, now) : [];
  return (
    <Page title="Home" description="What needs you now, and what is happening.">
      <div className={classes.grid}>
        <div className={classes.column}>
          {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} />}
          {!data && !error && <Skeleton height={160} role="status" aria-label="Loading what needs you" />}
          {data && isFirstRun && <FirstSteps summary={data} />}
          {data && (!isFirstRun || needs.length > 0) && <Needs needs={needs} />}
          <Strip />
        </div>
        {data && (
          <Stack gap="md">
            <LastDay summary={data} />
            <LedgerNow summary={data} />
          </Stack>
        )}
      </div>
    </Page>
  );
}
