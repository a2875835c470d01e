import { useMantineColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  type Icon,
  IconCircleCheck,
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconPlayerStop,
  IconShieldCheck,
  IconSun,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useSignOut } from "@/app/useSignOut";
import { openKillSwitch } from "@/components/kill/store";

export interface Command {
  id: string;
  label: string;
  description: string;
  icon: Icon;
  /** Words that find it besides its own. */
  keywords?: string;
  run: () => void;
}

/** What the palette can do besides going somewhere. */
export function useCommands(firstPending: string | undefined): Command[] {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const verify = async () => {
    const id = notifications.show({
      loading: true,
      autoClose: false,
      title: "Verifying the ledger",
      message: "Every link of it.",
    });
    try {
      const { valid, entries, reason } = await body(api.GET("/api/v1/audit/verify"));
      notifications.update({
        id,
        loading: false,
        autoClose: valid ? 8_000 : false,
        color: valid ? "teal" : "red",
        title: valid ? "The ledger is valid" : "The ledger is damaged",
        message: valid
          ? `${entries.toLocaleString("en")} entries, none changed or missing.`
          : (reason ?? "See the Ledger."),
      });
      if (!valid) void navigate({ to: "/dashboard/ledger" });
    } catch (error) {
      notifications.update({
        id,
        loading: false,
        autoClose: 8_000,
        color: "red",
        title: "Not verified",
        message: asProblem(error).message,
      });
    }
  };
  const signOut = useSignOut();
  return [
    {
      id: "decide",
      label: "Decide on the next request",
      description: firstPending ? "The most urgent one that waits" : "Nothing waits for a decision",
      icon: IconCircleCheck,
      keywords: "approve deny pending inbox",
      run: () => void navigate({ to: "/dashboard/inbox", search: firstPending ? { id: firstPending } : {} }),
    },
    {
      id: "kill",
      label: "Kill switch",
      description: "Stop everything, an agent or a target; or release it",
      icon: IconPlayerStop,
      keywords: "stop emergency release halt",
      run: openKillSwitch,
    },
    {
      id: "verify",
      label: "Verify the ledger",
      description: "Check every link of it now",
      icon: IconShieldCheck,
      keywords: "audit proof check",
      run: () => void verify(),
    },
    {
      id: "light",
      label: "Theme: light",
      description: "Look",
      icon: IconSun,
      keywords: "colour mode",
      run: () => setColorScheme("light"),
    },
    {
      id: "dark",
      label: "Theme: dark",
      description: "Look",
      icon: IconMoon,
      keywords: "colour mode night",
      run: () => setColorScheme("dark"),
    },
    {
      id: "auto",
      label: "Theme: as the system",
      description: "Look",
      icon: IconDeviceDesktop,
      keywords: "colour mode",
      run: () => setColorScheme("auto"),
    },
    {
      id: "sign-out",
      label: "Sign out",
      description: "End this session",
      icon: IconLogout,
      keywords: "log out leave",
      run: () => void signOut(),
    },
  ];
}
