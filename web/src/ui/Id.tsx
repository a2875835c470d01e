import { ActionIcon, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

const SHOWN = 8;

/** An id or hash: its last characters (ids of one moment begin alike), whole on hover, and a button that copies it. */
export function Id({ value, label = "id", shown = SHOWN }: { value: string; label?: string; shown?: number }) {
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex">
      <Tooltip label={value}>
        <code style={{ fontSize: "0.85em" }}>{value.length > shown ? `…${value.slice(-shown)}` : value}</code>
      </Tooltip>
      <Copy value={value} label={`Copy ${label}`} />
    </Group>
  );
}

/** A small button that copies a text. */
export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1_500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon size="sm" onClick={copy} aria-label={copied ? "Copied" : label}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
