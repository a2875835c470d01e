import { Alert, Button, Code, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import type { ReactNode } from "react";

/** A secret that is shown this once. */
export function SecretOnce({ name, value, children }: { name: string; value: string; children?: ReactNode }) {
  return (
    <Alert color="ink" variant="light" icon={<IconKey />} title={`${name}: shown this once`}>
      <Stack gap="xs">
        <Text size="sm" component="div">
          {children ?? "Countersign keeps only a hash of it. Copy it now to where it is needed."}
        </Text>
        <Group gap="xs" wrap="nowrap" align="stretch">
          <Code block style={{ flex: 1, whiteSpace: "pre-wrap", wordBreak: "break-all" }} data-testid="secret">
            {value}
          </Code>
          <CopyButton value={value}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Alert>
  );
}
