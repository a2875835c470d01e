import { ActionIcon, Menu, Text } from "@mantine/core";
import { IconLogout, IconShieldLock, IconUser } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMe } from "../me";
import { useSignOut } from "../useSignOut";

export function UserMenu() {
  const me = useMe();
  const navigate = useNavigate();
  const signOut = useSignOut();
  return (
    <Menu position="bottom-end" withinPortal={false} width={220}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={`Signed in as ${me?.name ?? "…"}`}>
          <IconUser size={18} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)">
            {me?.name}
          </Text>
          <Text size="xs" c="dimmed">
            {me?.role}
          </Text>
        </Menu.Label>
        <Menu.Item
          leftSection={<IconShieldLock size={16} />}
          onClick={() => void navigate({ to: "/dashboard/settings/$tab", params: { tab: "sessions" } })}
        >
          My sessions
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
