import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Copy } from "@/ui/Id";
import { fingerprintOf } from "./checkpoints";
import { ledgerKeyQuery } from "./queries";

/** With what checkpoints are verified elsewhere. */
export function SigningKey() {
  const { data } = useQuery(ledgerKeyQuery);
  if (!data) return null;
  return (
    <Group gap={4} wrap="nowrap">
      <Text size="sm">
        Signing key{" "}
        {data.key ? <code title={data.key}>{fingerprintOf(data.key)}</code> : "comes with the first checkpoint"}
      </Text>
      {data.key && <Copy value={data.key} label="Copy the public key" />}
    </Group>
  );
}
