import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useMemo, useRef } from "react";
import classes from "./DataTable.module.css";
import { ErrorNotice } from "./ErrorNotice";
import { TableSkeleton } from "./TableSkeleton";

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
  /** Takes the height that its parent leaves, instead of its own. */
  isFull?: boolean;
  /** The table came to its top, or left it. */
  onTop?: (isAtTop: boolean) => void;
  /** Whoever gives another number wants the top to be shown. */
  topRequest?: number;
  /** Under which name the place in the list is remembered, for the way back. */
  placeKey?: string | undefined;
}

// As long as the page is open: a reload begins at the top.
const places = new Map<string, number>();

/** Who has not scrolled for so long has stopped. */
const SETTLED_MS = 100;
const ROW_HEIGHT = 41;

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
    isFull = false,
    onTop,
    topRequest = 0,
    placeKey,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const count = rows?.length ?? 0;
  const lastTop = useRef(0);
  const isFast = useRef(false);
  const keyOf = useRef(rowKey);
  keyOf.current = rowKey;
  // Another function for the same rows would let all of them be measured anew.
  const getItemKey = useCallback(
    (index: number) => {
      const row = rows?.[index];
      return row === undefined ? index : keyOf.current(row);
    },
    [rows],
  );
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    isScrollingResetDelay: SETTLED_MS,
    initialOffset: () => (placeKey && places.get(placeKey)) || 0,
    getItemKey,
  });
  const items = virtualizer.getVirtualItems();
  // Whoever drags the scroll bar across thousands of rows reads none of them: they are drawn where it stops.
  const isFlying = virtualizer.isScrolling && isFast.current;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && count > 0 && last >= count - 20) onEnd();
  }, [onEnd, last, count]);

  const isAtTop = useRef(true);
  const onScroll = () => {
    const { scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    isFast.current = Math.abs(scrollTop - lastTop.current) > clientHeight;
    lastTop.current = scrollTop;
    if (placeKey) places.set(placeKey, box.current?.scrollTop ?? 0);
    const isNow = (box.current?.scrollTop ?? 0) < rowHeight / 2;
    if (isNow === isAtTop.current) return;
    isAtTop.current = isNow;
    onTop?.(isNow);
  };
  useEffect(() => {
    if (topRequest > 0 && box.current) box.current.scrollTop = 0;
  }, [topRequest]);
  const chosen = useMemo(
    () => (selected === undefined || !rows ? -1 : rows.findIndex((row) => keyOf.current(row) === selected)),
    [rows, selected],
  );
  const act = useRef({ onSelect, onOpen });
  act.current = { onSelect, onOpen };
  const onClickRow = useCallback((row: Row) => {
    act.current.onSelect?.(row);
    act.current.onOpen?.(row);
  }, []);

  if (props.error && !rows) return <ErrorNotice error={props.error} onRetry={props.onRetry} />;
  if (!rows) return <TableSkeleton label={label} />;
  if (rows.length === 0) return <>{props.empty}</>;

  const isScrolling = virtualizer.getTotalSize() > (virtualizer.scrollRect?.height ?? Number.POSITIVE_INFINITY);
  const tracks = columns.map(({ width }) => width).join(" ");
  const wideTracks = {
    "--tracks": tracks,
    "--narrow-tracks": columns
      .filter((c) => !c.isMinor)
      .map((c) => c.width)
      .join(" "),
  };
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
      data-full={isFull ? true : undefined}
      data-scrolls={isScrolling ? true : undefined}
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
      <div
        ref={box}
        className={classes.box}
        role="rowgroup"
        onKeyDown={onKeyDown}
        onScroll={onScroll}
        data-testid="rows"
      >
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => (
            <BodyRow
              key={item.key}
              row={rows[item.index] as Row}
              columns={columns}
              index={item.index}
              start={item.start}
              height={rowHeight}
              isSelectable={Boolean(onSelect)}
              isInteractive={isInteractive}
              isChosen={item.index === chosen}
              isLast={item.index === count - 1}
              isEntry={item.index === Math.max(chosen, 0)}
              isBlank={isFlying}
              onClickRow={onClickRow}
            />
          ))}
        </div>
        {isLoadingMore && <p className={classes.more}>Loading more …</p>}
      </div>
    </div>
  );
}

const BLANK = <div role="cell">…</div>;

interface BodyRowProps<Row> {
  row: Row;
  columns: readonly Column<Row>[];
  index: number;
  start: number;
  height: number;
  isSelectable: boolean;
  isInteractive: boolean;
  isChosen: boolean;
  isLast: boolean;
  /** Where Tab enters the table. */
  isEntry: boolean;
  /** It flies by and is not read. */
  isBlank: boolean;
  onClickRow: (row: Row) => void;
}

/** One row. Scrolling draws only the rows that come into view. */
const BodyRow = memo(function BodyRow<Row>(props: BodyRowProps<Row>) {
  // A row that was drawn once stays so.
  const isDrawn = useRef(false);
  if (!props.isBlank) isDrawn.current = true;
  const { row, columns, index, isSelectable, isInteractive, isChosen } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the box around it handles the keys of all rows
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelectable ? isChosen : undefined}
      tabIndex={isInteractive ? (props.isEntry ? 0 : -1) : undefined}
      className={classes.row}
      data-open={isInteractive ? true : undefined}
      data-chosen={isChosen ? true : undefined}
      data-last={props.isLast ? true : undefined}
      style={{ height: props.height, transform: `translateY(${props.start}px)` }}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest("button, a, input")) return;
        props.onClickRow(row);
      }}
    >
      {isDrawn.current
        ? columns.map((column) => (
            <div key={column.name} role="cell" className={column.isMinor ? classes.minor : undefined}>
              {column.cell(row)}
            </div>
          ))
        : BLANK}
    </div>
  );
}) as <Row>(props: BodyRowProps<Row>) => ReactNode;
