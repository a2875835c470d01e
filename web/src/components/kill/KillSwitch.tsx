import { Button, Tooltip } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { late } from "@/ui/late";
import type { KillDialogProps } from "./KillDialog";
import classes from "./kill.module.css";
import { closeKillSwitch, openKillSwitch, useIsKillSwitchOpen } from "./store";
import { type Kill, useKills } from "./useKills";

export const KillDialog = late<KillDialogProps>(() => import("./KillDialog").then((module) => module.KillDialog));

interface Look {
  /** The state in words. */
  state: string;
  /** The same on a phone. */
  short: string;
  isStopped: boolean;
  variant: string;
}

function look(kills: readonly Kill[] | undefined): Look {
  if (!kills?.length) return { state: "Kill switch", short: "", isStopped: false, variant: "default" };
  if (kills.some(({ scope }) => scope === "all")) {
    return { state: "Everything stopped", short: "Stopped", isStopped: true, variant: "filled" };
  }
  return { state: `${kills.length} stopped`, short: String(kills.length), isStopped: true, variant: "light" };
}

/** The kill switch and its state, always in reach. */
export function KillSwitch() {
  const kills = useKills();
  const isOpen = useIsKillSwitchOpen();
  const { state, short, isStopped, variant } = look(kills);
  const label = isStopped ? `Kill switch: ${state}` : "Kill switch: nothing is stopped";
  return (
    <>
      <Tooltip
        label={isStopped ? `${state}. Open to see what and to release it.` : "Stop everything, an agent or a target"}
      >
        <Button
          size="compact-sm"
          h={30}
          variant={variant}
          color="red"
          onClick={openKillSwitch}
          aria-label={label}
          aria-haspopup="dialog"
          leftSection={<IconHandStop size={16} aria-hidden />}
          className={classes.button}
          data-stopped={isStopped || undefined}
          data-bare={short === "" || undefined}
        >
          <span className={classes.wide}>{state}</span>
          <span className={classes.narrow}>{short}</span>
        </Button>
      </Tooltip>
      <div role="status" className="cs-visually-hidden">
        {isStopped ? label : ""}
      </div>
      <KillDialog isOpen={isOpen} onClose={closeKillSwitch} kills={kills ?? []} />
    </>
  );
}
