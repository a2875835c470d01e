import { memo } from "react";
import classes from "./Bytes.module.css";
import { pieces } from "./BytesTokens";

/** The pieces of one line. */
export const LinePieces = memo(function LinePieces({ text, isEnd = true }: { text: string; isEnd?: boolean }) {
  let at = 0;
  return pieces(text, isEnd).map((piece) => {
    const key = at;
    at += piece.source.length;
    if (piece.kind === "text") return <span key={key}>{piece.shown}</span>;
    if (piece.kind === "space") {
      return (
        <span key={key} className={classes.space}>
          {piece.shown}
        </span>
      );
    }
    return (
      <mark key={key} className={classes.token}>
        {piece.shown}
      </mark>
    );
  });
});

/**
 * A short untrusted text within a line: an intent, a name, a header's value. Hidden characters and line ends are named tokens, and
 * nothing in it reorders what stands around it.
 */
export function UntrustedText({ value, isCode = false }: { value: string; isCode?: boolean }) {
  return (
    <bdi className={classes.inline} data-code={isCode || undefined} dir="ltr">
      {value.split(/(\r\n|\n|\r)/).map((part, index) =>
        index % 2 === 0 ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text are known by their place only
          <LinePieces key={index} text={part} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <mark key={index} className={classes.token}>
            {part === "\r\n" ? "[CR][LF]" : part === "\n" ? "[LF]" : "[CR]"}
          </mark>
        ),
      )}
    </bdi>
  );
}
