import { Anchor, Center, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";

export function NotFoundPage() {
  return (
    <Center mih="60vh" p="md" component="main">
      <Stack align="center" gap="xs">
        <Title order={1} size="h3">
          There is no such page
        </Title>
        <Text c="dimmed">The address may be mistyped, or what it showed is gone.</Text>
        <Anchor component={Link} to="/dashboard">
          Go to Home
        </Anchor>
      </Stack>
    </Center>
  );
}
