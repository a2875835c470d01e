import "@mantine/spotlight/styles.css";
import { Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { rooms } from "@/app/shell/rooms";
import { paletteStore } from "./store";

/** Goes anywhere by typing. */
export function CommandPalette() {
  const navigate = useNavigate();
  return (
    <Spotlight
      store={paletteStore}
      shortcut="mod + K"
      nothingFound="Nothing found"
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Search or go to …",
        "aria-label": "Search or go to",
      }}
      actions={rooms.map((room) => ({
        id: room.path,
        label: room.name,
        description: room.question,
        leftSection: <room.icon size={20} stroke={1.6} />,
        onClick: () => void navigate({ to: room.path }),
      }))}
    />
  );
}
