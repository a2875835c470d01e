import { Group, Paper, Title } from "@mantine/core";
import type { ReactNode } from "react";

export interface SectionProps {
  title: ReactNode;
  /** At the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
  /** Draws a frame around it. */
  isFramed?: boolean;
}

/** A part of a page with its heading. */
export function Section({ title, actions, children, isFramed = true }: SectionProps) {
  return (
    <Paper component="section" withBorder={isFramed} p={isFramed ? "md" : 0} bg={isFramed ? undefined : "transparent"}>
      <Group justify="space-between" mb="sm" gap="sm" mih={28}>
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Paper>
  );
}
