import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  CloseButton,
  createTheme,
  DrawerHeader,
  type MantineColorsTuple,
  Menu,
  Modal,
  ModalHeader,
  Notification,
  Table,
  Tooltip,
} from "@mantine/core";

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

/** A close button has no text: without a name a screen reader says "button". The name is no known prop of the theme's type. */
const closeName: Record<`data-${string}`, string> = { ["aria-label" as "data-label"]: "Close" };

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
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray" } }),
    // Within a text, colour alone does not tell a link.
    Anchor: Anchor.extend({ defaultProps: { underline: "always" } }),
    Badge: Badge.extend({ defaultProps: { radius: "sm" }, styles: { label: { textTransform: "none" } } }),
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    CloseButton: CloseButton.extend({ defaultProps: closeName }),
    // The placeholder is no item, and a menu holds nothing but items: the first one takes the focus.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Modal: Modal.extend({ defaultProps: { centered: true }, styles: { title: { fontWeight: 600 } } }),
    // A dialog lies outside of the page's parts: its <header> would count as a second banner of the page.
    DrawerHeader: DrawerHeader.extend({ defaultProps: { role: "presentation" } }),
    ModalHeader: ModalHeader.extend({ defaultProps: { role: "presentation" } }),
    Notification: Notification.extend({ styles: { description: { color: "var(--mantine-color-dimmed)" } } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 8 } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: true } } }),
  },
});
