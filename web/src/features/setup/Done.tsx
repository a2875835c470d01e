import { Button, Checkbox, Code, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { GatePage } from "@/features/sign-in/GatePage";
import { SecretOnce } from "@/ui/SecretOnce";

export interface DoneProps {
  operator: string;
  token: string | undefined;
  /** Whether the gateway asks for the chosen passphrase when it starts again. */
  needsPassphrase: boolean;
  onGo: () => void;
}

/** It is set up, and this browser is signed in. */
export function Done({ operator, token, needsPassphrase, onGo }: DoneProps) {
  const [isKept, setKept] = useState(false);
  return (
    <GatePage title="Your gateway is set up" description={`You are signed in as ${operator}.`} width={560}>
      <Stack gap="md">
        {token && (
          <>
            <SecretOnce name="Sign-in token" value={token}>
              You sign in with it next time. Keep it in a password manager: Countersign has only its hash.
            </SecretOnce>
            <Checkbox
              label="I have kept the token"
              checked={isKept}
              onChange={(event) => setKept(event.currentTarget.checked)}
            />
          </>
        )}
        {needsPassphrase && (
          <Text size="sm">
            <b>The next start needs the vault's passphrase</b>: on the terminal, in <Code>COUNTERSIGN_MASTER_KEY</Code>{" "}
            or its file, or on this page. Until it has it, the gateway is locked and answers no agent.
          </Text>
        )}
        <Text size="sm">
          Next: add a target with its credential, add an agent, and grant it what it may do. Until then every request is
          refused.
        </Text>
        <Button onClick={onGo} disabled={token !== undefined && !isKept}>
          Go to the dashboard
        </Button>
      </Stack>
    </GatePage>
  );
}
