import { Center, Code, Stack, Text, ThemeIcon } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";

export interface EmptyStateProps {
  icon: Icon;
  title: string;
  /** What this place is for. */
  children: ReactNode;
  /** A command that fills it. */
  command?: string;
  /** A button that fills it. */
  action?: ReactNode;
}

export function EmptyState({ icon: Picture, title, children, command, action }: EmptyStateProps) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={480}>
        <ThemeIcon size={44} radius="xl" variant="light" color="gray">
          <Picture size={24} stroke={1.6} />
        </ThemeIcon>
        <Text fw={600}>{title}</Text>
        <Text size="sm" c="dimmed" ta="center" component="div">
          {children}
        </Text>
        {command && <Code style={{ whiteSpace: "pre-wrap" }}>{command}</Code>}
        {action}
      </Stack>
    </Center>
  );
}
