import { useNotifications } from "@mantine/notifications";
import { type ComponentType, useEffect, useState } from "react";
import type { NoticeList } from "./NoticeList";

/** A notice that comes while the gateway does not answer has to show, too: its code is there long before. */
const LATER_MS = 2_000;

/** Where notices show. What draws them is no part of the first picture. */
export function Notices() {
  const { notifications } = useNotifications();
  const [List, setList] = useState<ComponentType<Parameters<typeof NoticeList>[0]>>();
  const isAny = notifications.length > 0;
  useEffect(() => {
    if (List) return;
    const load = () => {
      import("./NoticeList").then(
        (module) => setList(() => module.NoticeList),
        // The next notice tries again.
        () => {},
      );
    };
    const timer = setTimeout(load, isAny ? 0 : LATER_MS);
    return () => clearTimeout(timer);
  }, [List, isAny]);
  return List && <List position="bottom-right" limit={3} />;
}
