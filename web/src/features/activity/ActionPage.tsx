import { Skeleton, Stack } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useLive } from "@/app/live";
import { actionQuery } from "@/components/approval/action";
import { Findings } from "@/components/approval/Findings";
import { findingsOf } from "@/components/approval/found";
import { titleOf } from "@/ui/BytesTokens";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { Section } from "@/ui/Section";
import { ActionButtons } from "./ActionButtons";
import { ActionEntries } from "./ActionEntries";
import { ActionSummary } from "./ActionSummary";
import classes from "./activity.module.css";
import { BackToActivity } from "./BackToActivity";
import { DecisionTrace } from "./DecisionTrace";
import { Answer, WhatRuns } from "./Message";
import { Timeline } from "./Timeline";

/** One action: who asked what of whom, what was said to it, what came of it. */
export function ActionPage() {
  const { id } = useParams({ from: "/dashboard/activity/$id" });
  const client = useQueryClient();
  const action = useQuery(actionQuery(id));
  useLive((event) => {
    if (event.action_id !== id) return;
    void client.invalidateQueries({ queryKey: actionQuery(id).queryKey });
  });
  const shown = action.data;
  if (!shown) {
    return (
      <Page title="Action" description={<BackToActivity />}>
        {action.error ? (
          <ErrorNotice error={action.error} onRetry={() => void action.refetch()} />
        ) : (
          <Stack role="status" aria-label="Loading the action">
            <Skeleton height={160} />
            <Skeleton height={240} />
          </Stack>
        )}
      </Page>
    );
  }
  return (
    <Page title={titleOf(shown.action)} description={<BackToActivity />} actions={<ActionButtons action={shown} />}>
      <div className={classes.detail}>
        <div className={classes.column}>
          <ActionSummary action={shown} />
          {findingsOf(shown).length > 0 && (
            <Section
              title="Findings"
              isFramed
              description="What the scan found in what was asked and what was answered. It is a tripwire: where it finds nothing, that proves nothing."
            >
              <Findings action={shown} />
            </Section>
          )}
          <WhatRuns action={shown} />
          <Answer action={shown} />
        </div>
        <div className={classes.column}>
          <Timeline action={shown} />
          <DecisionTrace action={shown} />
          <ActionEntries action={shown} />
        </div>
      </div>
    </Page>
  );
}
