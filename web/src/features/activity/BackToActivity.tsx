import { Anchor } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { Link, useRouter, useRouterState } from "@tanstack/react-router";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The place before this one is the list that led here. */
    isFromList?: boolean;
  }
}

/** Back to the same list, at the same place, if it led here; else to the whole list. */
export function BackToActivity() {
  const router = useRouter();
  const isFromList = useRouterState({ select: (state) => state.location.state.isFromList === true });
  return (
    <Anchor
      component={Link}
      to="/dashboard/activity"
      size="sm"
      style={{ display: "inline-flex", alignItems: "center", gap: 4 }}
      onClick={(event) => {
        if (!isFromList || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        router.history.back();
      }}
    >
      <IconArrowLeft size={14} aria-hidden />
      Activity
    </Anchor>
  );
}
