import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

export interface SectionProps {
  title: string;
  description?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
  /** Draws a frame around it, where parts stand beside each other. */
  isFramed?: boolean;
}

/** A part of a page, with its heading. */
export function Section({ title, description, actions, children, isFramed = false }: SectionProps) {
  const content = (
    <>
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={2} style={{ flex: description ? "1 1 260px" : "1 1 140px" }} miw={0}>
          <Title order={2} size="h5">
            {title}
          </Title>
          {description && (
            <Text size="sm" c="dimmed" component="div" maw={720}>
              {description}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </>
  );
  if (!isFramed) {
    return (
      <Stack gap="sm" component="section">
        {content}
      </Stack>
    );
  }
  return (
    <Paper component="section" withBorder p="md">
      <Stack gap="sm">{content}</Stack>
    </Paper>
  );
}
