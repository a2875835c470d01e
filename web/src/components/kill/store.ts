/** The kill switch's dialog: the header and the command palette open it. */
import { openable } from "@/ui/openable";

export const { open: openKillSwitch, close: closeKillSwitch, useIsOpen: useIsKillSwitchOpen } = openable();
