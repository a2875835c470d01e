import { Badge, Group } from "@mantine/core";

/** Labels, as names and values. */
export function Labels({ labels, empty = "–" }: { labels: Record<string, string>; empty?: string }) {
  const entries = Object.entries(labels);
  if (entries.length === 0) return <>{empty}</>;
  return (
    <Group gap={4}>
      {entries.map(([name, value]) => (
        <Badge key={name} variant="default" size="sm" maw="100%">
          {value ? `${name}=${value}` : name}
        </Badge>
      ))}
    </Group>
  );
}
