/** The palette's switch, apart from its code, which is loaded on demand. */
import { openable } from "@/ui/openable";

export const { open: openPalette, close: closePalette, useIsOpen: useIsPaletteOpen } = openable();
