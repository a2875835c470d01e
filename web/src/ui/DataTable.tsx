import { Skeleton } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import classes from "./DataTable.module.css";
import { ErrorNotice } from "./ErrorNotice";

export interface Column<Row> {
  /** The column's heading; also its key. */
  name: string;
  /** A track of a CSS grid: `120px`, `minmax(160px, 2fr)`. */
  width: string;
  cell: (row: Row) => ReactNode;
  /** Left out on a phone. */
  isMinor?: boolean;
}

export interface DataTableProps<Row> {
  /** What the table lists, for those who can't see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  /** Opens a row: by click, or Enter on the focused one. */
  onOpen?: (row: Row) => void;
  /** Which row is marked as chosen. */
  selected?: string | undefined;
  onSelect?: (row: Row) => void;
  error?: unknown;
  onRetry?: () => void;
  /** Shown instead of an empty table. */
  empty: ReactNode;
  /** Asks for more rows, when the last ones come into view. */
  onEnd?: (() => void) | undefined;
  isLoadingMore?: boolean;
  /** The height of a row in pixels. */
  rowHeight?: number;
}

const ROW_HEIGHT = 41;
const SKELETONS = ["a", "b", "c", "d", "e", "f"];

/**
 * A list of any length: only the rows in view are in the document. Up, Down, j, k, Home and End move; Enter opens.
 *
 * The table scrolls in its own box, so that nothing above it jumps when rows arrive.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const {
    label,
    columns,
    rows,
    rowKey,
    onOpen,
    selected,
    onSelect,
    onEnd,
    isLoadingMore,
    rowHeight = ROW_HEIGHT,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const count = rows?.length ?? 0;
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => (rows?.[index] ? rowKey(rows[index]) : index),
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && count > 0 && last >= count - 20) onEnd();
  }, [onEnd, last, count]);

  if (props.error && !rows) return <ErrorNotice error={props.error} onRetry={props.onRetry} />;
  if (!rows) return <TableSkeleton label={label} />;
  if (rows.length === 0) return <>{props.empty}</>;

  const tracks = columns.map(({ width }) => width).join(" ");
  const wideTracks = {
    "--tracks": tracks,
    "--narrow-tracks": columns
      .filter((c) => !c.isMinor)
      .map((c) => c.width)
      .join(" "),
  };
  const chosen = selected === undefined ? -1 : rows.findIndex((row) => rowKey(row) === selected);
  const isInteractive = Boolean(onOpen || onSelect);

  const focusRow = (index: number) => {
    const row = rows[index];
    if (!row) return;
    virtualizer.scrollToIndex(index);
    onSelect?.(row);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = Number((event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index ?? -1);
    if ((event.target as HTMLElement).closest("button, a, input")) return;
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: Math.min(at + 10, rows.length - 1),
      PageUp: Math.max(at - 10, 0),
    };
    const to = moves[event.key];
    if (to !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      focusRow(to);
    } else if (event.key === "Enter" && rows[at]) {
      event.preventDefault();
      onOpen?.(rows[at]);
    }
  };

  return (
    <div
      className={classes.table}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      style={wideTracks as object}
    >
      <div role="rowgroup">
        <div className={classes.head} role="row" aria-rowindex={1} tabIndex={-1}>
          {columns.map((column) => (
            <div
              key={column.name}
              role="columnheader"
              className={column.isMinor ? classes.minor : undefined}
              tabIndex={-1}
            >
              {column.name}
            </div>
          ))}
        </div>
      </div>
      <div ref={box} className={classes.box} role="rowgroup" onKeyDown={onKeyDown} data-testid="rows">
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index] as Row;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the box above handles the keys of all rows
              <div
                key={item.key}
                role="row"
                data-index={item.index}
                aria-rowindex={item.index + 2}
                aria-selected={onSelect ? item.index === chosen : undefined}
                tabIndex={isInteractive ? (item.index === Math.max(chosen, 0) ? 0 : -1) : undefined}
                className={classes.row}
                data-open={onOpen || onSelect ? true : undefined}
                data-chosen={item.index === chosen ? true : undefined}
                style={{ height: rowHeight, transform: `translateY(${item.start}px)` }}
                onClick={(event) => {
                  if ((event.target as HTMLElement).closest("button, a, input")) return;
                  onSelect?.(row);
                  onOpen?.(row);
                }}
              >
                {columns.map((column) => (
                  <div key={column.name} role="cell" className={column.isMinor ? classes.minor : undefined}>
                    {column.cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
        {isLoadingMore && <p className={classes.more}>Loading more …</p>}
      </div>
    </div>
  );
}

/** The shape of a table that is on its way. */
export function TableSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={`Loading ${label}`}>
      {SKELETONS.map((key) => (
        <Skeleton key={key} height={ROW_HEIGHT - 9} my={9} radius="sm" />
      ))}
    </div>
  );
}
