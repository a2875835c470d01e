import { Tooltip, UnstyledButton } from "@mantine/core";
import type { LiveState } from "@/api/live";
import { useLiveState } from "../live";
import classes from "./shell.module.css";

const WORDS: Record<LiveState, string> = {
  connecting: "Connecting to the gateway",
  live: "Live: what happens shows at once",
  waiting: "No connection: trying again. Click to try now.",
  ended: "Signed out",
};

export function ConnectionState() {
  const { state, retryNow } = useLiveState();
  return (
    <Tooltip label={WORDS[state]}>
      <UnstyledButton onClick={retryNow} aria-label={WORDS[state]} px={6} py={4}>
        <span className={classes.dot} data-state={state} />
      </UnstyledButton>
    </Tooltip>
  );
}
