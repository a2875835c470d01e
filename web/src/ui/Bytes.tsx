/**
 * Shows untrusted bytes so that nothing of them is hidden, left out or in another place than it stands: the part of the page that what a
 * human says yes to depends on.
 */
import { SegmentedControl } from "@mantine/core";
import { IconAlertTriangle, IconChevronDown } from "@tabler/icons-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import classes from "./Bytes.module.css";
import { BytesBox } from "./BytesBox";
import { BytesHex } from "./BytesHex";
import { layOutJson } from "./BytesJson";
import { asText, byteLength, byteSize, lineEnds, type TextRow, textRows, utf8 } from "./BytesRows";
import { LinePieces } from "./BytesText";
import { countHidden } from "./BytesTokens";
import { Copy } from "./Id";

export interface BytesProps {
  /** What it is, for those who can't see the frame: `Body`. */
  label: string;
  value: string | Uint8Array;
  /** Told whether all has been shown: false while a part is folded. */
  onAllSeen?: ((allSeen: boolean) => void) | undefined;
  /** Without the bar above: for short texts. */
  isPlain?: boolean;
}

type View = "exact" | "formatted" | "hex";

/** How much is shown before the fold is opened, in rows; a few more are shown than folded away. */
const FOLD_AT_ROWS = 60;
const FOLD_SLACK_ROWS = 15;

/** Whether the viewer would fold a value, so that it has to be opened. */
export function needsOpening(value: string | Uint8Array): boolean {
  const text = typeof value === "string" ? value : asText(value);
  const rows = text === undefined ? Math.ceil((value.length ?? 0) / 16) : textRows(text).length;
  return rows > FOLD_AT_ROWS + FOLD_SLACK_ROWS;
}

/** Untrusted bytes, every one of them. */
export function Bytes({ label, value, onAllSeen, isPlain = false }: BytesProps) {
  const text = useMemo(() => (typeof value === "string" ? value : asText(value)), [value]);
  const [view, setView] = useState<View>("exact");
  const [isOpen, setOpen] = useState(false);
  const json = useMemo(() => (text === undefined || isPlain ? undefined : layOutJson(text)), [text, isPlain]);
  const hidden = useMemo(() => (text === undefined ? 0 : countHidden(text)), [text]);
  const rows = useMemo(() => (text === undefined ? [] : textRows(text)), [text]);
  const bytes = useMemo(() => (typeof value === "string" ? undefined : value), [value]);
  const shownView = text === undefined ? "hex" : view;

  const rowCount = text === undefined ? Math.ceil((bytes?.length ?? 0) / 16) : rows.length;
  const needsFold = rowCount > FOLD_AT_ROWS + FOLD_SLACK_ROWS;
  const limit = needsFold && !isOpen ? FOLD_AT_ROWS : undefined;
  const [isAtEnd, setAtEnd] = useState(false);
  const allSeen = rowCount === 0 || text === "" || (limit === undefined && isAtEnd);
  useEffect(() => onAllSeen?.(allSeen), [onAllSeen, allSeen]);
  // Folded rows have an end, too: only that of all rows counts.
  const onEnd = useCallback(() => {
    if (limit === undefined) setAtEnd(true);
  }, [limit]);

  if (rowCount === 0 || text === "") {
    return <div className={`${classes.frame} ${classes.empty}`}>Empty: 0 bytes</div>;
  }
  const open = () => {
    setOpen(true);
  };
  const fold = (hiddenRows: number, hiddenBytes: number, unit: string) => (
    <button type="button" className={classes.fold} onClick={open}>
      <IconChevronDown size={16} aria-hidden />+ {hiddenRows.toLocaleString("en")} more {unit}, {byteSize(hiddenBytes)}:
      show all
    </button>
  );
  const views = [
    { value: "exact", label: "Exact bytes" },
    ...(json ? [{ value: "formatted", label: "Formatted" }] : []),
    { value: "hex", label: "Hex" },
  ];
  return (
    <div className={classes.frame}>
      {!isPlain && (
        <div className={classes.bar}>
          <span>
            {text === undefined ? `${byteSize(bytes?.length ?? 0)}, not text` : <Summary text={text} rows={rows} />}
          </span>
          <Hidden count={hidden} />
          {text !== undefined && (
            <SegmentedControl
              size="xs"
              value={view}
              onChange={(next) => setView(next as View)}
              data={views}
              aria-label={`How to show: ${label}`}
            />
          )}
          {text !== undefined && <Copy value={text} label={`Copy the exact ${label.toLowerCase()}`} />}
        </div>
      )}
      {json && json.duplicates.length > 0 && (
        <div className={classes.note}>
          <span className={classes.warning}>
            <IconAlertTriangle size={14} aria-hidden />A key stands twice in one object: {json.duplicates.join(", ")}.
            Programs disagree on which one counts.
          </span>
        </div>
      )}
      {shownView === "formatted" && json && (
        <div className={classes.note}>
          Formatted for reading: only white space is moved. The hash covers the exact bytes.
        </div>
      )}
      {shownView === "hex" ? (
        <BytesHex
          label={label}
          bytes={bytes ?? utf8(text ?? "")}
          limit={limit}
          onEnd={onEnd}
          fold={(hiddenRows, hiddenBytes) => fold(hiddenRows, hiddenBytes, "rows")}
        />
      ) : (
        <TextView
          label={label}
          text={shownView === "formatted" && json ? json.text : (text ?? "")}
          limit={limit}
          onEnd={onEnd}
          fold={fold}
        />
      )}
      {onAllSeen && needsFold && isOpen && !allSeen && (
        <div className={classes.unread}>Not read to its end yet: scroll down to the last row.</div>
      )}
    </div>
  );
}

interface TextViewProps {
  label: string;
  text: string;
  limit: number | undefined;
  onEnd: () => void;
  fold: (hiddenRows: number, hiddenBytes: number, unit: string) => React.ReactNode;
}

function TextView({ label, text, limit, onEnd, fold }: TextViewProps) {
  const rows = useMemo(() => textRows(text), [text]);
  const ends = useMemo(() => lineEnds(rows), [rows]);
  const shown = limit === undefined ? rows.length : Math.min(limit, rows.length);
  const last = rows[shown - 1];
  const lines = rows.at(-1)?.line ?? 0;
  const hiddenLines = lines - (last?.line ?? 0);
  const isUnixOnly = ends.CRLF + ends.CR === 0;
  return (
    <div style={{ "--digits": `${Math.max(2, String(lines).length)}ch` } as object}>
      <BytesBox
        label={label}
        count={shown}
        onEnd={onEnd}
        row={(index) => {
          const row = rows[index] as TextRow;
          return (
            <Row key={index} row={row} text={text} isUnixOnly={isUnixOnly} hasGutter={lines > 1 || rows.length > 1} />
          );
        }}
      >
        {shown < rows.length &&
          fold(
            hiddenLines || rows.length - shown,
            byteLength(text.slice(last?.end ?? 0)),
            hiddenLines === 0 ? "rows of this line" : hiddenLines === 1 ? "line" : "lines",
          )}
      </BytesBox>
    </div>
  );
}

function Row({
  row,
  text,
  isUnixOnly,
  hasGutter,
}: {
  row: TextRow;
  text: string;
  isUnixOnly: boolean;
  hasGutter: boolean;
}) {
  const isContinued = row.offset > 0;
  const content = (
    <span className={classes.text}>
      <LinePieces text={text.slice(row.start, row.end)} isEnd={row.ending !== undefined} />
      {row.ending === undefined ? (
        <span className={classes.end} title={`The line goes on: character ${row.offset + row.end - row.start}`}>
          {" "}
          ↩
        </span>
      ) : (
        row.ending !== "none" && <End ending={row.ending} isUnixOnly={isUnixOnly} />
      )}
    </span>
  );
  if (!hasGutter)
    return (
      <div className={classes.row} style={{ gridTemplateColumns: "minmax(0, 1fr)" }}>
        {content}
      </div>
    );
  return (
    <div className={classes.row}>
      <span className={classes.gutter}>{isContinued ? "↪" : row.line}</span>
      {content}
    </div>
  );
}

function End({ ending, isUnixOnly }: { ending: "LF" | "CRLF" | "CR"; isUnixOnly: boolean }) {
  if (isUnixOnly) return <span className={classes.end}>↵</span>;
  return <span className={classes.space}>{ending === "CRLF" ? "[CR][LF]" : `[${ending}]`}</span>;
}

function Summary({ text, rows }: { text: string; rows: readonly TextRow[] }) {
  const ends = lineEnds(rows);
  const kinds = (["LF", "CRLF", "CR"] as const).filter((kind) => ends[kind] > 0);
  const lines = rows.at(-1)?.line ?? 1;
  const longest = rows.some(({ offset }) => offset > 0);
  return (
    <>
      {byteSize(byteLength(text))}, {lines.toLocaleString("en")} {lines === 1 ? "line" : "lines"}
      {kinds.length === 1 && kinds[0] !== "LF" && `, ends ${kinds[0]}`}
      {kinds.length > 1 && `, mixed line ends: ${kinds.map((kind) => `${ends[kind]} ${kind}`).join(", ")}`}
      {longest && ", long lines broken at ↩"}
    </>
  );
}

/** The warning that something is not what it seems. */
export function Hidden({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span className={classes.warning}>
      <IconAlertTriangle size={14} aria-hidden />
      {count.toLocaleString("en")} hidden or misleading {count === 1 ? "character" : "characters"}
    </span>
  );
}
