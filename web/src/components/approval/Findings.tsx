import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { Actor } from "@/components/actor/Actor";
import { UntrustedText } from "@/ui/BytesText";
import type { ConfirmDialogProps } from "@/ui/ConfirmDialog";
import { late } from "@/ui/late";
import { MayButton } from "@/ui/MayButton";
import { Time } from "@/ui/Time";
import { type Action, actionKey } from "./action";
import classes from "./approval.module.css";
import { type Finding, findingsOf, keptPart, percent } from "./found";

const ConfirmDialog = late<ConfirmDialogProps>(() =>
  import("@/ui/ConfirmDialog").then((module) => module.ConfirmDialog),
);

/** What scans found in what was asked and answered, each with a way to say that it is wrong. */
export function Findings({ action }: { action: Action }) {
  const [wrong, setWrong] = useState<Finding>();
  const findings = findingsOf(action);
  return (
    <>
      <ol className={classes.findings} aria-label="Findings of the scan">
        {findings.map((finding) => (
          <li key={finding.index}>
            <FindingRow finding={finding} onWrong={() => setWrong(finding)} />
          </li>
        ))}
      </ol>
      {wrong && <WrongDialog id={action.id} finding={wrong} onClose={() => setWrong(undefined)} />}
    </>
  );
}

function FindingRow({ finding, onWrong }: { finding: Finding; onWrong: () => void }) {
  const { name, score, place, channel, effect, reasons, excerpt, text, textLeft, markedBy, markedAt } = finding;
  const why = whyNot(useMe(), "decide");
  return (
    <>
      <p className={classes.line}>
        <b>{name}</b>
        {score !== undefined && <span>score {percent(score)}</span>}
        <span>
          in {channel === "input" ? "" : "what the target answered: "}
          <UntrustedText value={place} isCode />
        </span>
        <span className={classes.muted}>{effect}</span>
      </p>
      {reasons.length > 0 && (
        <ul className={classes.reasons}>
          {reasons.map((reason, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two rules may say the same
            <li key={index}>
              <UntrustedText value={reason} />
            </li>
          ))}
        </ul>
      )}
      {excerpt.length > 0 && (
        <p className={classes.found}>
          {excerpt.map((piece, index) => {
            const Tag = piece.is_found ? "mark" : "span";
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text are known by their place only
              <Tag key={index}>
                <UntrustedText value={piece.text} />
              </Tag>
            );
          })}
        </p>
      )}
      {text !== undefined && (
        <p className={classes.found}>
          <span className={classes.muted}>
            <UntrustedText value={place} />
            {textLeft > 0 ? " begins: " : ": "}
          </span>
          <UntrustedText value={text} />
          {textLeft > 0 && <span className={classes.muted}> … {textLeft.toLocaleString("en")} more characters</span>}
        </p>
      )}
      {markedBy ? (
        <p className={classes.text}>
          Marked as wrong by <Actor actor={markedBy} />
          {markedAt && (
            <>
              , <Time value={markedAt} />
            </>
          )}
        </p>
      ) : (
        <MayButton
          why={why}
          onClick={onWrong}
          variant="default"
          size="compact-xs"
          aria-label={`This finding is wrong: ${name}, number ${finding.index + 1}`}
        >
          This finding is wrong
        </MayButton>
      )}
    </>
  );
}

function WrongDialog({ id, finding, onClose }: { id: string; finding: Finding; onClose: () => void }) {
  const client = useQueryClient();
  const mark = async () => {
    const path = { id, index: finding.index };
    await api.POST("/api/v1/actions/{id}/findings/{index}/wrong", { params: { path } });
    await client.invalidateQueries({ queryKey: actionKey(id) });
  };
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      title="Mark the finding as wrong"
      verb="Mark as wrong"
      color="ink"
      onConfirm={mark}
    >
      <p className={classes.text}>
        The text that was looked at ({keptPart(finding)}, at most 64 KiB) is kept as a case with the label <b>benign</b>
        , encrypted, for measuring and training the scanner.{" "}
        {finding.category === "secret"
          ? "What looks like a secret in it is kept as it is."
          : "What looks like a secret in it is masked."}
      </p>
      <p className={classes.text} style={{ marginTop: 10 }}>
        The case stays when the evidence of the action is deleted. Whoever may read the configuration can read it, and
        the ledger names you. No decision changes, and the mark can't be taken back.
        {finding.channel !== "input" && " An agent that it tainted stays tainted until that ends."}
      </p>
    </ConfirmDialog>
  );
}
