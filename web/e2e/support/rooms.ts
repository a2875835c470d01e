/** The rooms that an operator sees, as a person knows them. */
export const rooms = [
  { path: "/dashboard", name: "Home", key: "h" },
  { path: "/dashboard/inbox", name: "Inbox", key: "i" },
  { path: "/dashboard/activity", name: "Activity", key: "a" },
  { path: "/dashboard/agents", name: "Agents", key: "g" },
  { path: "/dashboard/targets", name: "Targets", key: "t" },
  { path: "/dashboard/ledger", name: "Ledger", key: "l" },
  { path: "/dashboard/settings", name: "Settings", key: "s" },
] as const;
