import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
import { IconCheck, IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";

const SCHEMES: { scheme: MantineColorScheme; name: string; icon: typeof IconSun }[] = [
  { scheme: "light", name: "Light", icon: IconSun },
  { scheme: "dark", name: "Dark", icon: IconMoon },
  { scheme: "auto", name: "As the system", icon: IconDeviceDesktop },
];

export function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const current = SCHEMES.find(({ scheme }) => scheme === colorScheme) ?? SCHEMES[2];
  const Icon = current?.icon ?? IconSun;
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={`Theme: ${current?.name}`}>
          <Icon size={18} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(({ scheme, name, icon: Each }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Each size={16} />}
            rightSection={scheme === colorScheme && <IconCheck size={16} aria-label="chosen" />}
            onClick={() => setColorScheme(scheme)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
