import { Tooltip } from "@mantine/core";
import { IconPlayerStop, IconPointFilled } from "@tabler/icons-react";
import { useActorName } from "@/components/actor/names";
import type { Kill } from "@/components/kill/useKills";
import { Mark } from "@/ui/Mark";

/** Whether the kill switch holds something, in a word. */
export function KillWord({ kill }: { kill: Kill | undefined }) {
  const by = useActorName(kill?.by);
  if (!kill)
    return (
      <Mark icon={IconPointFilled} color="teal">
        active
      </Mark>
    );
  const why = [`By ${by}`, kill.reason && `because: ${kill.reason}`].filter(Boolean).join(", ");
  return (
    <Tooltip label={why} multiline maw={320}>
      <span>
        <Mark icon={IconPlayerStop} color="red">
          {kill.scope === "all" ? "stopped (everything)" : "stopped"}
        </Mark>
      </span>
    </Tooltip>
  );
}
