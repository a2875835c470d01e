import { Box, Center, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { ThemeMenu } from "@/app/shell/ThemeMenu";

export interface GatePageProps {
  title: string;
  description?: ReactNode;
  children: ReactNode;
  /** Below the card. */
  footer?: ReactNode;
  width?: number;
}

/** The frame of the pages before one is in: one card, and nothing that tells a stranger anything. */
export function GatePage({ title, description, children, footer, width = 420 }: GatePageProps) {
  useEffect(() => {
    document.title = `${title} · Countersign`;
  }, [title]);
  return (
    <Box component="main" mih="100dvh" p={{ base: "sm", xs: "md" }} pos="relative">
      <Box pos="absolute" top={12} right={12}>
        <ThemeMenu />
      </Box>
      <Center mih="calc(100dvh - 32px)">
        <Stack w="100%" maw={width} gap="md">
          <Group gap={8} justify="center">
            <img src="/favicon.svg" width={26} height={26} alt="" />
            <Text fw={650} size="lg">
              Countersign
            </Text>
          </Group>
          <Paper withBorder p={{ base: "md", xs: "xl" }} radius="md" shadow="xs">
            <Stack gap="md">
              <Stack gap={4}>
                <Title order={1} size="h3">
                  {title}
                </Title>
                {description && (
                  <Text size="sm" c="dimmed" component="div">
                    {description}
                  </Text>
                )}
              </Stack>
              {children}
            </Stack>
          </Paper>
          {footer && (
            <Text size="sm" c="dimmed" ta="center" component="div">
              {footer}
            </Text>
          )}
        </Stack>
      </Center>
    </Box>
  );
}
