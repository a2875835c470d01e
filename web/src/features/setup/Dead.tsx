import { Alert, Anchor, Button, Code, Stack, Text, TextInput } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { GatePage } from "@/features/sign-in/GatePage";
import { checkToken, tokenOf } from "./address";

function Sheet({ title, children }: { title: string; children: ReactNode }) {
  return (
    <GatePage title={title} width={520}>
      <Stack gap="sm">{children}</Stack>
    </GatePage>
  );
}

/** There is nothing to set up here, or no more. */
export function Closed({ hasToken }: { hasToken: boolean }) {
  return (
    <Sheet title="Nothing to set up here">
      <Text size="sm">
        This gateway is set up already, or {hasToken ? "this" : "its"} one-time address is dead: it dies after its first
        use, after 15 minutes, and after five wrong tries.
      </Text>
      <Alert variant="light" color="ink" icon={<IconInfoCircle />} title="What to do">
        <Stack gap={6}>
          <Text size="sm">
            If somebody has set it up (perhaps you, in another tab), <Link to="/login">sign in</Link>.
          </Text>
          <Text size="sm">
            If nobody has, restart the gateway: it gives a new address when it starts. Or set it up in a terminal:
          </Text>
          <Code block>countersign onboard</Code>
          <Text size="sm">
            If somebody has set it up and it was not you or yours, do not use it: stop it, delete its data directory and
            begin anew.
          </Text>
        </Stack>
      </Alert>
      <Button component={Link} to="/login">
        Go to sign-in
      </Button>
    </Sheet>
  );
}

/** The page was opened without the token of the one-time address. */
export function TokenMissing({ error, onToken }: { error: string | undefined; onToken: (token: string) => void }) {
  const [pasted, setPasted] = useState("");
  const [cutOff, setCutOff] = useState<string>();
  return (
    <Sheet title="Open the one-time address">
      <Text size="sm">
        This gateway was never set up. Setting it up needs the address that it gave when it started: on its terminal, or
        in the file <code>setup-address</code> of its data directory, which only its user can read. Open that address,
        or paste it here.
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const token = tokenOf(pasted);
          const cut = checkToken(token);
          setCutOff(cut);
          if (!cut) onToken(token);
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="One-time address"
            description={`${window.location.origin}/setup#…`}
            value={pasted}
            onChange={(event) => setPasted(event.currentTarget.value)}
            error={cutOff ?? error}
            autoComplete="off"
            spellCheck={false}
            autoFocus
            required
          />
          <Button type="submit">Continue</Button>
        </Stack>
      </form>
      <Text size="sm" c="dimmed">
        Already set up?{" "}
        <Anchor component={Link} to="/login" size="sm" underline="always">
          Sign in
        </Anchor>
      </Text>
    </Sheet>
  );
}
