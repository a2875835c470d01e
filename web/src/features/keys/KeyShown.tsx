import { Code, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Copy } from "@/ui/Id";
import { SecretOnce } from "@/ui/SecretOnce";

export interface KeyShownProps {
  secret: string;
  /** A target and an action that the agent may ask for, for the example. */
  target?: string | undefined;
  children?: ReactNode;
}

/** A call with the key, ready for a terminal. The key itself is read from a variable: what is typed ends up in histories. */
export function exampleCall(origin: string, target = "TARGET"): string {
  return [
    `curl -sS ${origin}/api/v1/actions \\`,
    `  -H "Authorization: Bearer $AGENT_KEY" \\`,
    `  -H "Idempotency-Key: $(uuidgen)" -H 'Content-Type: application/json' \\`,
    `  -d '{"target":"${target}","action":"GET /","intent":"why I ask"}'`,
  ].join("\n");
}

/** A new key, this once, with a call to try it. */
export function KeyShown({ secret, target, children }: KeyShownProps) {
  const example = exampleCall(window.location.origin, target);
  return (
    <Stack gap="md">
      <SecretOnce name="Key" value={secret}>
        {children ?? "Countersign keeps only a hash of it. Copy it now to where it is needed: it can't be shown again."}
      </SecretOnce>
      <Stack gap={4}>
        <Group justify="space-between">
          <Text size="sm" fw={600}>
            Try it
          </Text>
          <Copy value={example} label="Copy the example" />
        </Group>
        <Text size="sm" c="dimmed">
          Put the key into <code>AGENT_KEY</code> (<code>read -rs AGENT_KEY</code>), then:
        </Text>
        <Code block style={{ whiteSpace: "pre-wrap", wordBreak: "break-all" }}>
          {example}
        </Code>
      </Stack>
    </Stack>
  );
}
