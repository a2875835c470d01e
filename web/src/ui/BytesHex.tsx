import { useMediaQuery } from "@mantine/hooks";
import classes from "./Bytes.module.css";
import { BytesBox } from "./BytesBox";
import { hexRow } from "./BytesRows";

export interface BytesHexProps {
  label: string;
  bytes: Uint8Array;
  /** At most this many rows, until the fold is opened. */
  limit: number | undefined;
  fold: (hiddenRows: number, hiddenBytes: number) => React.ReactNode;
  onEnd: (() => void) | undefined;
}

/** How many bytes a row has, in the width that there is. */
export function useHexWidth(): number {
  return useMediaQuery("(max-width: 48em)") ? 8 : 16;
}

/** A hex dump: offset, bytes, and what of them is printable. */
export function BytesHex({ label, bytes, limit, fold, onEnd }: BytesHexProps) {
  const width = useHexWidth();
  const rows = Math.ceil(bytes.length / width);
  const shown = limit === undefined ? rows : Math.min(rows, limit);
  return (
    <BytesBox
      label={label}
      count={shown}
      onEnd={onEnd}
      row={(index) => {
        const { offset, hex, ascii } = hexRow(bytes, index, width);
        return (
          <div key={index} className={classes.hex}>
            <span className={classes.gutter}>{offset}</span>
            <span>{hex.padEnd(width * 3 - 1)}</span>
            <span className={classes.ascii}>{ascii}</span>
          </div>
        );
      }}
    >
      {shown < rows && fold(rows - shown, bytes.length - shown * width)}
    </BytesBox>
  );
}
