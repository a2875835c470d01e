import { Button, Group, Text, Textarea } from "@mantine/core";
import { IconBan, IconCheck, IconNote } from "@tabler/icons-react";
import { type KeyboardEvent, type Ref, useEffect, useId, useRef } from "react";
import { MayButton } from "@/ui/MayButton";
import classes from "./approval.module.css";

export type Panel = "none" | "note" | "deny";

export interface DecisionBarProps {
  isDestructive: boolean;
  /** Why it can't be approved; it can where this is left out. */
  whyNotApprove: string | undefined;
  whyNotDeny: string | undefined;
  isBusy: boolean;
  panel: Panel;
  setPanel: (panel: Panel) => void;
  note: string;
  setNote: (note: string) => void;
  onApprove: () => void;
  onDeny: () => void;
  approveButton: Ref<HTMLSpanElement>;
  /** Said to those who can't see the buttons change: why a key did nothing. */
  hint: string;
}

const NOTE_LIMIT = 2_000;

/** Approve, deny, and a note to either. Says that there is no way back. */
export function DecisionBar(props: DecisionBarProps) {
  const { isDestructive, whyNotApprove, whyNotDeny, isBusy, panel, setPanel, note, setNote, onApprove, onDeny } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const explanation = useId();
  useEffect(() => {
    if (panel !== "none") field.current?.focus();
  }, [panel]);
  const isDenying = panel === "deny";
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      setPanel("none");
    } else if (event.key === "Enter" && !event.shiftKey && isDenying) {
      event.preventDefault();
      onDeny();
    }
  };
  return (
    <section className={classes.bar} aria-label="Decision">
      {panel !== "none" && (
        <Textarea
          ref={field}
          label={isDenying ? "Reason (optional)" : "Note (optional)"}
          description="Kept with the decision in the ledger; the agent can read it."
          value={note}
          maxLength={NOTE_LIMIT}
          onChange={(event) => setNote(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          autosize
          minRows={2}
          maxRows={6}
        />
      )}
      <Group gap="xs" wrap="wrap">
        {isDenying ? (
          <>
            <Button color="red" onClick={onDeny} loading={isBusy} leftSection={<IconBan size={16} aria-hidden />}>
              Deny
            </Button>
            <Button variant="default" onClick={() => setPanel("none")}>
              Back
            </Button>
          </>
        ) : (
          <>
            <span ref={props.approveButton} className={classes.grow}>
              <MayButton
                why={whyNotApprove}
                onClick={onApprove}
                loading={isBusy}
                color={isDestructive ? "red" : "teal.9"}
                leftSection={<IconCheck size={16} aria-hidden />}
                aria-describedby={explanation}
                fullWidth
              >
                Approve
              </MayButton>
            </span>
            <span className={classes.grow}>
              <MayButton
                why={whyNotDeny}
                onClick={() => setPanel("deny")}
                variant="default"
                leftSection={<IconBan size={16} aria-hidden />}
                fullWidth
              >
                Deny …
              </MayButton>
            </span>
          </>
        )}
      </Group>
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Text size="xs" id={explanation} className={classes.explanation}>
          {whyNotApprove && !isDenying ? whyNotApprove : "A decision can't be undone."}
        </Text>
        {panel === "none" && (
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => setPanel("note")}
            leftSection={<IconNote size={15} aria-hidden />}
          >
            {note ? "Edit the note" : "Add a note"}
          </Button>
        )}
      </Group>
      <p role="status" className={props.hint ? classes.hint : "cs-visually-hidden"}>
        {props.hint}
      </p>
    </section>
  );
}
