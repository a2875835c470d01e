import { Alert, Anchor, List, Progress, Stack, Text } from "@mantine/core";
import { IconAlertOctagon, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Time } from "@/ui/Time";
import { lastVerificationQuery } from "./queries";
import type { useVerification, Verified } from "./useVerification";

const PATIENCE_MS = 300;

const number = new Intl.NumberFormat("en");

function seconds(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** What the verification does, or has found. */
export function VerificationPanel({ verification }: { verification: ReturnType<typeof useVerification> }) {
  const { data, error, isPending, reset, mutate } = verification;
  const last = useQuery(lastVerificationQuery).data;
  const [isLong, setLong] = useState(false);
  // Most are done sooner: a bar would only flicker.
  useEffect(() => {
    if (!isPending) return;
    const timer = setTimeout(() => setLong(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [isPending]);
  return (
    <div aria-live="polite">
      {isPending && isLong && (
        <Stack gap={6} mb="md">
          <Text size="sm">Verifying every link, the tree and every checkpoint …</Text>
          <Progress value={100} animated striped aria-label="Verifying" />
        </Stack>
      )}
      {error && !isPending && (
        <Stack mb="md">
          <ErrorNotice error={error} onRetry={() => mutate()} />
        </Stack>
      )}
      {!data && !isPending && last?.valid === false && <Invalid found={last} />}
      {data && !isPending && (data.valid ? <Valid found={data} onClose={reset} /> : <Invalid found={data} />)}
    </div>
  );
}

function Valid({ found, onClose }: { found: Verified; onClose: () => void }) {
  const size = (found.checkpoint as { size?: number } | null | undefined)?.size;
  return (
    <Alert
      color="teal"
      variant="light"
      mb="md"
      icon={<IconShieldCheck />}
      title={`The ledger is valid: ${number.format(found.entries)} entries checked`}
      withCloseButton
      closeButtonLabel="Close the result"
      onClose={onClose}
    >
      <Text size="sm" component="div">
        Every link fits the one before it
        {size
          ? `, and a signed checkpoint vouches for the first ${number.format(size)}`
          : "; there is no checkpoint yet"}
        . Verified <Time value={found.at} /> in {seconds(found.milliseconds)}.
      </Text>
    </Alert>
  );
}

function Invalid({ found }: { found: Pick<Verified, "at" | "first_bad" | "reason"> }) {
  return (
    <Alert
      color="red"
      variant="filled"
      mb="md"
      icon={<IconAlertOctagon />}
      role="alert"
      title={
        found.first_bad === null || found.first_bad === undefined
          ? "The ledger is NOT valid"
          : `The ledger is NOT valid: entry ${number.format(found.first_bad)} is the first bad one`
      }
    >
      <Stack gap="xs">
        <Text size="sm" component="div">
          {found.reason ?? "The gateway gave no reason."} Found <Time value={found.at} />.
        </Text>
        <Text size="sm">
          Somebody changed what is stored, or storage lost it. Nothing from the bad entry on can be relied on.
        </Text>
        <List size="sm">
          <List.Item>Stop the gateway, and keep its data folder as it is: it is the evidence.</List.Item>
          <List.Item>
            Compare with the notes outside of the database (checkpoints.txt) and with the last export that verified.
          </List.Item>
          <List.Item>Restore the last backup that verifies; then acknowledge the restored ledger here.</List.Item>
        </List>
        {found.first_bad !== null && found.first_bad !== undefined && (
          <Anchor
            component={Link}
            to="/dashboard/ledger"
            search={{ entry: found.first_bad } as never}
            c="inherit"
            size="sm"
            td="underline"
          >
            Look at entry {number.format(found.first_bad)}
          </Anchor>
        )}
      </Stack>
    </Alert>
  );
}
