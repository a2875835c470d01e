import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { isTyping } from "@/ui/keys";
import { rooms } from "./rooms";

/** How long after `g` the second key counts. */
const SEQUENCE_MS = 1_200;

/** `g` and then a room's letter leads there, as in many mail programs. */
export function useRoomKeys(): void {
  const navigate = useNavigate();
  const begun = useRef(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (Date.now() - begun.current < SEQUENCE_MS) {
        begun.current = 0;
        const room = rooms.find(({ key }) => key === event.key);
        if (room) {
          event.preventDefault();
          event.stopPropagation();
          void navigate({ to: room.path });
        }
      } else if (event.key === "g") {
        begun.current = Date.now();
      }
    };
    // Before the room's own keys: the second key of a sequence is not theirs.
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, [navigate]);
}
