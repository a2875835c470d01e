import { Box, Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

export interface PageProps {
  title: string;
  /** What the page is for, in a line. */
  description?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
  /** Fills the height below the header, for pages whose list scrolls by itself. */
  isFull?: boolean;
}

/** A room's frame: its title (also the tab's), what it is for, what can be done. */
export function Page({ title, description, actions, children, isFull = false }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Countersign`;
  }, [title]);
  return (
    <Box
      p={{ base: "sm", sm: "lg" }}
      style={
        isFull
          ? { display: "flex", flexDirection: "column", height: "calc(100dvh - var(--cs-header))", minHeight: 0 }
          : undefined
      }
    >
      <Group justify="space-between" align="flex-start" mb="md" gap="sm">
        <Stack gap={2} miw={0}>
          <Title order={1} size="h3">
            {title}
          </Title>
          {description && (
            <Text size="sm" c="dimmed" component="div">
              {description}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  );
}
