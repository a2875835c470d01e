import { Group } from "@mantine/core";
import { IconFlag } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { Copy } from "@/ui/Id";
import { MayButton } from "@/ui/MayButton";
import { LightTime } from "@/ui/Time";
import type { Checkpoint } from "./checkpoints";
import classes from "./ledger.module.css";
import { PruneDialog } from "./PruneDialog";
import { checkpointsQuery } from "./queries";

const number = new Intl.NumberFormat("en");
const keyOf = (checkpoint: Checkpoint) => String(checkpoint.size);

/** Every checkpoint that is kept, newest first. */
export function CheckpointsTab() {
  const checkpoints = useQuery(checkpointsQuery);
  const why = whyNot(useMe(), "manage_operators");
  const [pruned, setPruned] = useState<Checkpoint>();
  const columns = useMemo<Column<Checkpoint>[]>(
    () => [
      {
        name: "Covers",
        width: "minmax(110px, 1fr)",
        cell: ({ size }) => <span className={classes.number}>{number.format(size)} entries</span>,
      },
      { name: "Made", width: "110px", cell: ({ at }) => <LightTime value={at} /> },
      {
        name: "Root hash",
        width: "minmax(140px, 3fr)",
        cell: ({ root }) => (
          <Group gap={4} wrap="nowrap">
            <code title={root} style={{ overflow: "hidden", textOverflow: "ellipsis", fontSize: "0.85em" }}>
              {root}
            </code>
            <Copy value={root} label="Copy the root hash" />
          </Group>
        ),
        isMinor: true,
      },
      {
        name: "Signed note",
        width: "96px",
        cell: ({ note }) => <Copy value={note} label="Copy the signed note" />,
        isMinor: true,
      },
      {
        name: "Prune",
        width: "110px",
        cell: (checkpoint) => (
          <MayButton size="compact-xs" variant="default" why={why} onClick={() => setPruned(checkpoint)}>
            Prune …
          </MayButton>
        ),
      },
    ],
    [why],
  );
  return (
    <div className={classes.list}>
      <DataTable
        label="Checkpoints"
        columns={columns}
        rows={checkpoints.data}
        rowKey={keyOf}
        error={checkpoints.error}
        onRetry={() => void checkpoints.refetch()}
        isFull
        empty={
          <EmptyState icon={IconFlag} title="No checkpoint yet">
            A checkpoint signs the whole ledger up to a position. The gateway makes them by itself; you can make one
            now.
          </EmptyState>
        }
      />
      <PruneDialog checkpoint={pruned} onClose={() => setPruned(undefined)} />
    </div>
  );
}
