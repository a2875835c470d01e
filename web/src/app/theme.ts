import { createTheme, type MantineColorsTuple } from "@mantine/core";

const ink: MantineColorsTuple = [
  "#eef3fb",
  "#dbe4f3",
  "#b5c7e6",
  "#8ba8da",
  "#698dcf",
  "#547dc9",
  "#4975c7",
  "#3a64b0",
  "#2f589f",
  "#1f4c8e",
];

/**
 * The look. Shade 8 for filled parts in both schemes, and text that is chosen by contrast: Mantine's defaults miss 4.5:1.
 */
export const theme = createTheme({
  primaryColor: "ink",
  primaryShade: { light: 8, dark: 8 },
  colors: { ink },
  autoContrast: true,
  defaultRadius: "sm",
  fontFamily: 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: "600" },
  respectReducedMotion: true,
  // By name: naming the components themselves would load each of them before the first picture.
  components: {
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    // Within a text, colour alone does not tell a link.
    Anchor: { defaultProps: { underline: "always" } },
    Badge: { defaultProps: { radius: "sm" }, styles: { label: { textTransform: "none" } } },
    Button: { defaultProps: { size: "sm" } },
    // A close button has no text: without a name a screen reader says "button".
    CloseButton: { defaultProps: { "aria-label": "Close" } },
    // The placeholder is no item, and a menu holds nothing but items: the first one takes the focus.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { centered: true }, styles: { title: { fontWeight: 600 } } },
    // A dialog lies outside of the page's parts: its <header> would count as a second banner of the page.
    DrawerHeader: { defaultProps: { role: "presentation" } },
    ModalHeader: { defaultProps: { role: "presentation" } },
    Notification: { styles: { description: { color: "var(--mantine-color-dimmed)" } } },
    Table: { defaultProps: { verticalSpacing: 8 } },
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        events: { hover: true, focus: true, touch: true },
        // Not at the end of the body, where it would lie outside of every landmark of the page.
        portalProps: { target: "main" },
      },
    },
  },
});
