import { ActionIcon, Kbd, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { late } from "@/ui/late";
import type { CommandPaletteProps } from "./CommandPalette";
import classes from "./palette.module.css";
import { closePalette, openPalette, useIsPaletteOpen } from "./store";

export const CommandPalette = late<CommandPaletteProps>(() =>
  import("./CommandPalette").then((module) => module.CommandPalette),
);

export function CommandPaletteTrigger() {
  const isOpen = useIsPaletteOpen();
  // Here, not in the palette: its code may be on its way when the keys are pressed.
  useHotkeys([["mod+K", openPalette]], []);
  return (
    <>
      <UnstyledButton className={classes.trigger} onClick={openPalette} visibleFrom="md" aria-keyshortcuts="Control+K">
        <IconSearch size={15} aria-hidden />
        <Text size="sm" span>
          Search or go to …
        </Text>
        <Kbd size="xs">Ctrl K</Kbd>
      </UnstyledButton>
      <Tooltip label="Search or go to … (Ctrl K)">
        <ActionIcon size="lg" hiddenFrom="md" onClick={openPalette} aria-label="Search or go to …">
          <IconSearch size={18} />
        </ActionIcon>
      </Tooltip>
      <CommandPalette isOpen={isOpen} onClose={closePalette} />
    </>
  );
}
