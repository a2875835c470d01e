import { Alert, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconClockPause, IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect } from "react";
import { asProblem, type Problem } from "@/api/problem";
import { clock, useCountdown } from "./useCountdown";

interface Words {
  title: string;
  text: string;
  icon: typeof IconAlertTriangle;
}

function words(problem: Problem): Words {
  if (problem.code === "unreachable") {
    return {
      title: "The gateway does not answer",
      text: "Check that it runs (countersign status) and that this address is right, then try again.",
      icon: IconPlugConnectedX,
    };
  }
  if (problem.status === 429 || problem.code === "sign_in_busy") {
    const text = problem.code === "locked_out" ? "Several tries in a row were wrong." : problem.message;
    return { title: "Too many tries", text, icon: IconClockPause };
  }
  if (problem.code === "invalid_credentials") {
    return {
      title: "That did not sign you in",
      text: "It is wrong, has expired or was revoked. Check it, or ask an owner for a new one.",
      icon: IconAlertTriangle,
    };
  }
  if (problem.code === "wrong_passphrase") {
    return {
      title: "This is not the passphrase",
      text: "The vault stays locked. Mind capitals and spaces.",
      icon: IconAlertTriangle,
    };
  }
  return { title: problem.title, text: problem.message, icon: IconAlertTriangle };
}

function triesWords(left: number): string {
  if (left === 0) return "That was the last try for now: further wrong ones are refused for a while.";
  return `After ${left === 1 ? "1 more wrong try" : `${left} more wrong tries`}, further ones are refused for a while.`;
}

/** Why a credential did not pass, and for how long failures are refused. */
export function Refused({ error }: { error: unknown }) {
  const problem = asProblem(error);
  const [left, begin] = useCountdown();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new refusal begins a new pause
  useEffect(() => {
    if (problem.retryAfter) begin(problem.retryAfter);
  }, [error]);
  const { title, text, icon: Picture } = words(problem);
  return (
    <Alert color="red" variant="light" icon={<Picture />} title={title} role="alert">
      <Stack gap={4}>
        <Text size="sm">{text}</Text>
        {problem.triesLeft !== undefined && <Text size="sm">{triesWords(problem.triesLeft)}</Text>}
        {left > 0 && (
          <Text size="sm" fw={600} aria-live="off">
            Wrong tries are refused for another {clock(left)}. The right one passes at once.
          </Text>
        )}
      </Stack>
    </Alert>
  );
}
