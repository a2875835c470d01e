import { useRouter } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type MouseEvent,
  memo,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
} from "react";
import { Sign } from "@/components/approval/Sign";
import { UntrustedText } from "@/ui/BytesText";
import { titleOf } from "@/ui/BytesTokens";
import { RiskMeter } from "@/ui/RiskMeter";
import { LightTime } from "@/ui/Time";
import { EffectWord, StateWord, UrgencyWord } from "@/ui/Words";
import classes from "./inbox.module.css";
import type { Item } from "./pages";
import type { InboxFilter } from "./search";

/** What keys do with the list. */
export interface ListControls {
  /** Brings a row into view. */
  reveal: (id: string) => void;
}

export interface PendingListProps {
  rows: readonly Item[];
  filter: InboxFilter;
  selected: string | undefined;
  chosen: ReadonlySet<string>;
  onChoose: (id: string, isChosen: boolean) => void;
  onOpen: (id: string) => void;
  onEnd: () => void;
  isLoadingMore: boolean;
  setHeld: (isHeld: boolean) => void;
  setLastVisible: (index: number) => void;
  controls: RefObject<ListControls | null>;
}

const ROW_HEIGHT = 88;
const rowHeight = () => ROW_HEIGHT;

/** Rows of the Inbox: only those in view are in the document, and what is in view stays where it is when others come or go above it. */
export function PendingList(props: PendingListProps) {
  const { rows, filter, selected, chosen, onChoose, onOpen, onEnd, isLoadingMore, setHeld, setLastVisible, controls } =
    props;
  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: rowHeight,
    overscan: 6,
    // Another function would have all rows measured again.
    getItemKey: useCallback((index: number) => rows[index]?.id ?? index, [rows]),
    initialRect: { width: 400, height: 800 },
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);
  useEffect(() => {
    const scrolled = box.current;
    setLastVisible(scrolled ? Math.floor((scrolled.scrollTop + scrolled.clientHeight) / ROW_HEIGHT) : last);
  }, [last, setLastVisible]);

  useImperativeHandle(controls, () => ({
    reveal: (id) => {
      const scrolled = box.current;
      const index = rows.findIndex((row) => row.id === id);
      if (!scrolled || index < 0) return;
      const top = index * ROW_HEIGHT;
      if (top < scrolled.scrollTop) scrolled.scrollTop = top;
      else if (top + ROW_HEIGHT > scrolled.scrollTop + scrolled.clientHeight) {
        scrolled.scrollTop = top + ROW_HEIGHT - scrolled.clientHeight;
      }
    },
  }));

  // The rows keep the same functions, so that only those are drawn anew that changed.
  const router = useRouter();
  const latest = useRef({ onChoose, onOpen });
  useEffect(() => {
    latest.current = { onChoose, onOpen };
  });
  const choose = useCallback((id: string, isChosen: boolean) => latest.current.onChoose(id, isChosen), []);
  const openRow = useCallback((id: string, event: MouseEvent) => {
    event.preventDefault();
    latest.current.onOpen(id);
  }, []);
  const path = useMemo(() => {
    const { href } = router.buildLocation({ to: "/dashboard/inbox", search: filter });
    return href + (href.includes("?") ? "&" : "?");
  }, [router, filter]);

  // The first row in view stays in its place when rows come or go above it.
  const anchor = useRef<{ id: string; index: number } | undefined>(undefined);
  useLayoutEffect(() => {
    const scrolled = box.current;
    if (!scrolled) return;
    const before = anchor.current;
    if (before && scrolled.scrollTop > 0) {
      const index = rows.findIndex((row) => row.id === before.id);
      if (index >= 0 && index !== before.index) scrolled.scrollTop += (index - before.index) * ROW_HEIGHT;
    }
    const first = Math.floor(scrolled.scrollTop / ROW_HEIGHT);
    const row = rows[first];
    anchor.current = row && { id: row.id, index: first };
  }, [rows]);
  const onScroll = () => {
    const first = Math.floor((box.current?.scrollTop ?? 0) / ROW_HEIGHT);
    const row = rows[first];
    anchor.current = row && { id: row.id, index: first };
  };

  return (
    <div
      ref={box}
      className={classes.box}
      onScroll={onScroll}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      <ul className={classes.list} aria-label="Pending requests" style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <Row
                key={row.id}
                row={row}
                href={`${path}id=${row.id}`}
                position={item.index + 1}
                count={rows.length}
                start={item.start}
                isSelected={row.id === selected}
                isChosen={chosen.has(row.id)}
                onChoose={choose}
                onOpen={openRow}
              />
            )
          );
        })}
      </ul>
      {isLoadingMore && <p className={classes.more}>Loading more …</p>}
    </div>
  );
}

/** A click that asks for another tab or window is the browser's. */
function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

interface RowProps {
  row: Item;
  href: string;
  position: number;
  count: number;
  start: number;
  isSelected: boolean;
  isChosen: boolean;
  onChoose: (id: string, isChosen: boolean) => void;
  onOpen: (id: string, event: MouseEvent) => void;
}

const Row = memo(function Row({ row, href, position, count, start, isSelected, isChosen, onChoose, onOpen }: RowProps) {
  const isGone = row.state !== "pending";
  return (
    <li
      className={classes.row}
      style={{ height: ROW_HEIGHT, transform: `translateY(${start}px)` }}
      aria-posinset={position}
      aria-setsize={count}
      data-selected={isSelected || undefined}
      data-gone={isGone || undefined}
    >
      <input
        type="checkbox"
        checked={isChosen}
        disabled={isGone}
        onChange={(event) => onChoose(row.id, event.currentTarget.checked)}
        aria-label={`Select ${titleOf(row.action)} of ${titleOf(row.agent)}`}
      />
      <a
        href={href}
        className={classes.open}
        aria-current={isSelected ? "true" : undefined}
        onClick={(event) => isPlainClick(event) && onOpen(row.id, event)}
      >
        <span className={classes.action}>
          <UntrustedText value={row.action} isCode />
        </span>
        <span className={classes.words}>
          {isGone && <StateWord state={row.state} />}
          {!isGone && (row.urgency === "high" || row.urgency === "critical") && <UrgencyWord urgency={row.urgency} />}
          <EffectWord effect={row.effect} />
        </span>
        <span className={classes.who}>
          <UntrustedText value={row.agent} /> → <UntrustedText value={row.target} />
        </span>
        <span className={classes.when}>
          <LightTime value={row.created_at} />
        </span>
        <span className={classes.intent} title={titleOf(row.intent) || undefined}>
          {row.intent ? <UntrustedText value={row.intent} /> : "no reason given"}
        </span>
        <span className={classes.words}>
          <Sign rule={row.rule} />
          <RiskMeter score={row.risk_score} />
        </span>
      </a>
    </li>
  );
});
