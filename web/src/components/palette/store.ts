import { createSpotlight } from "@mantine/spotlight";

/** The palette's switch, apart from its code, which is loaded on demand. */
export const [paletteStore, palette] = createSpotlight();

export const openPalette = palette.open;
