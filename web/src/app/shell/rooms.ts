import {
  type Icon,
  IconActivity,
  IconHome,
  IconInbox,
  IconLink,
  IconRobot,
  IconSettings,
  IconTarget,
} from "@tabler/icons-react";

export interface Room {
  path:
    | "/dashboard"
    | "/dashboard/inbox"
    | "/dashboard/activity"
    | "/dashboard/agents"
    | "/dashboard/targets"
    | "/dashboard/ledger"
    | "/dashboard/settings";
  name: string;
  /** The question that the room answers. */
  question: string;
  icon: Icon;
  /** The second key after `g` that leads here. */
  key: string;
}

/** The rooms that exist. One whose capability is not there yet is not shown. */
export const rooms: readonly Room[] = [
  { path: "/dashboard", name: "Home", question: "What needs me now?", icon: IconHome, key: "h" },
  { path: "/dashboard/inbox", name: "Inbox", question: "May it?", icon: IconInbox, key: "i" },
  {
    path: "/dashboard/activity",
    name: "Activity",
    question: "What happened, is happening?",
    icon: IconActivity,
    key: "a",
  },
  { path: "/dashboard/agents", name: "Agents", question: "Who asks?", icon: IconRobot, key: "g" },
  { path: "/dashboard/targets", name: "Targets", question: "What can be touched?", icon: IconTarget, key: "t" },
  { path: "/dashboard/ledger", name: "Ledger", question: "Can I prove it?", icon: IconLink, key: "l" },
  { path: "/dashboard/settings", name: "Settings", question: "How is it run?", icon: IconSettings, key: "s" },
];
