import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./Bytes.module.css";

/** Up to here all rows stand in the document; more scroll in a box of their own. */
export const VIRTUAL_FROM = 400;
const ROW_HEIGHT = 20;

export interface BytesBoxProps {
  label: string;
  /** How many rows are shown. */
  count: number;
  row: (index: number) => ReactNode;
  /** Called once the last row has come into view: at once where all rows stand in the document. */
  onEnd?: (() => void) | undefined;
  /** What stands behind the last row. */
  children?: ReactNode;
}

/** Rows of any number: few are simply there, many are drawn as they come into view. */
export function BytesBox(props: BytesBoxProps) {
  return props.count > VIRTUAL_FROM ? <ManyRows {...props} /> : <FewRows {...props} />;
}

function FewRows({ label, count, row, onEnd, children }: BytesBoxProps) {
  useEffect(() => onEnd?.(), [onEnd]);
  return (
    <section className={classes.box} aria-label={label}>
      {Array.from({ length: count }, (_, index) => row(index))}
      {children}
    </section>
  );
}

function ManyRows({ label, count, row, onEnd, children }: BytesBoxProps) {
  const box = useRef<HTMLElement>(null);
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    initialRect: { width: 800, height: 600 },
  });
  const isAtEnd = (virtualizer.range?.endIndex ?? 0) >= count - 1;
  useEffect(() => {
    if (isAtEnd) onEnd?.();
  }, [isAtEnd, onEnd]);
  return (
    <section
      ref={box}
      className={classes.box}
      data-many
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
    >
      <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
        {virtualizer.getVirtualItems().map((item) => (
          <div
            key={item.key}
            ref={virtualizer.measureElement}
            data-index={item.index}
            className={classes.placed}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {row(item.index)}
          </div>
        ))}
      </div>
      {children}
    </section>
  );
}
