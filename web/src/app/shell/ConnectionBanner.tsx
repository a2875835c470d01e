import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useLiveState } from "../live";
import classes from "./shell.module.css";

/** A restart of the gateway takes less: the banner would only flicker. */
const PATIENCE_MS = 1_500;

/** Says that what is shown may be old. */
export function ConnectionBanner() {
  const { state, problem, retryNow } = useLiveState();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (state !== "waiting") {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <div role="status">
      {isShown && (
        <div className={classes.banner}>
          <span>
            {problem ? (
              <>
                Not live: {problem.message.replace(/\.$/, "")}. What waits for a decision is asked for every 10 seconds;
                this page goes live by itself when it can.
              </>
            ) : (
              "The gateway does not answer. What you see may be old; this page goes on by itself when it is back."
            )}
          </span>
          <Button size="compact-sm" variant="default" onClick={retryNow}>
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}
