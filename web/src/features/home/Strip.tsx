import { Anchor, Skeleton, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLive } from "@/app/live";
import { Sign } from "@/components/approval/Sign";
import { latestActionsQuery } from "@/features/activity/queries";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { RiskMeter } from "@/ui/RiskMeter";
import { Section } from "@/ui/Section";
import { LightTime } from "@/ui/Time";
import { Untrusted } from "@/ui/Untrusted";
import { useThrottled } from "@/ui/useThrottled";
import { StateWord } from "@/ui/Words";
import classes from "./home.module.css";

const SHOWN = 20;
const PAUSE_MS = 700;
export const stripQuery = latestActionsQuery(SHOWN);

/** The last actions, as they come. */
export function Strip() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(stripQuery);
  const renew = useThrottled(() => void client.invalidateQueries({ queryKey: stripQuery.queryKey }), PAUSE_MS);
  useLive((event) => {
    if (event.action_id) renew();
  });
  return (
    <Section
      title="Activity"
      isFramed
      actions={
        <Anchor component={Link} to="/dashboard/activity" size="sm">
          All actions
        </Anchor>
      }
    >
      {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={200} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          No action yet. The first one shows here at once.
        </Text>
      )}
      <ul className={classes.strip}>
        {data?.items.map((row) => (
          <li key={row.id}>
            <Link to="/dashboard/activity/$id" params={{ id: row.id }} className={classes.row}>
              <span>
                <LightTime value={row.created_at} />
              </span>
              <span>
                <code>
                  <Untrusted text={row.action} />
                </code>{" "}
                <Sign rule={row.rule} />
                <small>
                  <Untrusted text={row.agent} /> on <Untrusted text={row.target} />
                  {row.intent && (
                    <>
                      : <Untrusted text={row.intent} />
                    </>
                  )}
                </small>
              </span>
              <span className={classes.risk}>
                <RiskMeter score={row.risk_score} />
              </span>
              <span>
                <StateWord state={row.state} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
