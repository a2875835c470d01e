import { Button, Group, Modal, Progress, Stack, Text, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Say } from "@/components/approval/decide";
import { UntrustedText } from "@/ui/BytesText";
import { MayButton } from "@/ui/MayButton";
import { EffectWord } from "@/ui/Words";
import { BatchRuns } from "./BatchRuns";
import { decideAll, type Excluded, type Failure, groupsOf, prepare, type SameRun } from "./batch";
import classes from "./inbox.module.css";
import type { Item } from "./pages";

export interface BatchDialogProps {
  isOpen: boolean;
  say: Say;
  items: readonly Item[];
  onClose: () => void;
  onDecided: (item: Item) => void;
}

type Step =
  | { name: "reading"; done: number }
  | { name: "asking"; fit: Item[]; runs: SameRun[]; excluded: Excluded[] }
  | { name: "running"; done: number; count: number }
  | { name: "done"; count: number; failures: Failure[]; isStopped: boolean };

/** Rows of a list that a person still looks through. */
const LISTED = 500;

/** Says what would be decided, asks once more, and shows what became of each. */
export function BatchDialog({ isOpen, say, items, onClose, onDecided }: BatchDialogProps) {
  const client = useQueryClient();
  const verb = say === "approve" ? "Approve" : "Deny";
  const [batch] = useState(items);
  const [note, setNote] = useState("");
  const [step, setStep] = useState<Step>(
    say === "approve" ? { name: "reading", done: 0 } : { name: "asking", fit: [...items], runs: [], excluded: [] },
  );
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const onOpened = useCallback((key: string) => setOpened((before) => new Set(before).add(key)), []);
  const stop = useRef(new AbortController());
  useEffect(() => {
    if (say !== "approve") return;
    const reading = new AbortController();
    void prepare(client, batch, reading.signal, (done) => setStep({ name: "reading", done })).then((found) => {
      if (!reading.signal.aborted) setStep({ name: "asking", ...found, fit: found.runs.flatMap((same) => same.items) });
    });
    return () => reading.abort();
  }, [client, batch, say]);

  const run = async (fit: readonly Item[]) => {
    setStep({ name: "running", done: 0, count: fit.length });
    const onProgress = (done: number) => setStep({ name: "running", done, count: fit.length });
    const failures = await decideAll(fit, say, note.trim(), stop.current, onProgress, onDecided);
    setStep((last) => ({
      name: "done",
      count: (last.name === "running" ? last.done : fit.length) - failures.length,
      failures,
      isStopped: stop.current.signal.aborted,
    }));
  };
  const close = () => {
    stop.current.abort();
    onClose();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      size={say === "approve" ? "xl" : "lg"}
      title={`${verb} several requests`}
      closeOnClickOutside={step.name !== "running"}
    >
      {step.name === "reading" && (
        <Working label={`Reading what would run: ${step.done} of ${batch.length}`} value={step.done / batch.length}>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </Working>
      )}
      {step.name === "asking" && (
        <Stack gap="md">
          <Text size="sm">
            {step.fit.length === 0
              ? `None of the ${batch.length} can be approved together.`
              : `This ${say === "approve" ? "lets run" : "refuses"} ${count(step.fit.length)}. A decision can't be undone.`}
          </Text>
          {step.runs.length > 0 && <BatchRuns runs={step.runs} opened={opened} onOpened={onOpened} />}
          {say === "deny" && <Groups items={step.fit} />}
          {say === "deny" && <Items label="Requests of this batch" items={step.fit} />}
          {step.excluded.length > 0 && (
            <Stack gap={6}>
              <Text size="sm" fw={600}>
                Left out, {step.excluded.length}:
              </Text>
              <ul className={classes.items} aria-label="Left out">
                {step.excluded.slice(0, LISTED).map(({ item, reason }) => (
                  <li key={item.id}>
                    <ItemLine item={item} />: {reason}
                  </li>
                ))}
              </ul>
            </Stack>
          )}
          {step.fit.length > 0 && (
            <Textarea
              label={say === "approve" ? "Note (optional)" : "Reason (optional)"}
              description="Kept with each decision in the ledger; the agents can read it."
              value={note}
              maxLength={2_000}
              onChange={(event) => setNote(event.currentTarget.value)}
              autosize
              minRows={1}
              maxRows={4}
            />
          )}
          {step.runs.some(({ key }) => !opened.has(key)) && (
            <Text size="sm" ta="right">
              {unopenedWords(step.runs.filter(({ key }) => !opened.has(key)).length)}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>
              {step.fit.length === 0 ? "Close" : "Cancel"}
            </Button>
            {step.fit.length > 0 && (
              <MayButton
                color={say === "approve" ? "teal.9" : "red"}
                why={unopenedWords(step.runs.filter(({ key }) => !opened.has(key)).length)}
                onClick={() => void run(step.fit)}
              >
                {`${verb} ${step.fit.length.toLocaleString("en")}`}
              </MayButton>
            )}
          </Group>
        </Stack>
      )}
      {step.name === "running" && (
        <Working label={`${step.done} of ${step.count} decided`} value={step.done / step.count}>
          <Button variant="default" onClick={() => stop.current.abort()}>
            Stop
          </Button>
        </Working>
      )}
      {step.name === "done" && (
        <Stack gap="md">
          <Text size="sm" role="status">
            {count(step.count)} {say === "approve" ? "approved" : "denied"}
            {step.isStopped && ", then stopped"}
            {step.failures.length > 0 && `; ${step.failures.length} could not be`}.
          </Text>
          {step.failures.length > 0 && (
            <ul className={classes.items} aria-label="Failures">
              {step.failures.slice(0, LISTED).map(({ item, problem }) => (
                <li key={item.id}>
                  <ItemLine item={item} />: {problem.message}
                </li>
              ))}
            </ul>
          )}
          <Group justify="flex-end">
            <Button onClick={onClose} data-autofocus>
              Close
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function count(many: number): string {
  return many === 1 ? "1 request" : `${many.toLocaleString("en")} requests`;
}

/** Why what was not opened can't be approved. */
function unopenedWords(unopened: number): string | undefined {
  if (unopened === 0) return undefined;
  return `Open all that would run first: ${unopened === 1 ? "1 is" : `${unopened.toLocaleString("en")} are`} not opened yet.`;
}

function Working({ label, value, children }: { label: string; value: number; children: React.ReactNode }) {
  return (
    <Stack gap="md">
      <Text size="sm" role="status">
        {label}
      </Text>
      <Progress value={value * 100} aria-label={label} />
      <Group justify="flex-end">{children}</Group>
    </Stack>
  );
}

function ItemLine({ item }: { item: Item }) {
  return (
    <>
      <UntrustedText value={item.action} isCode /> of <UntrustedText value={item.agent} /> on{" "}
      <UntrustedText value={item.target} />
    </>
  );
}

function Items({ label, items }: { label: string; items: readonly Item[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <ul className={classes.items} aria-label={label} tabIndex={0}>
      {items.slice(0, LISTED).map((item) => (
        <li key={item.id}>
          <ItemLine item={item} />
        </li>
      ))}
      {items.length > LISTED && <li>and {(items.length - LISTED).toLocaleString("en")} more</li>}
    </ul>
  );
}

function Groups({ items }: { items: readonly Item[] }) {
  return (
    <table className={classes.groups}>
      <thead>
        <tr>
          <th scope="col">Agent</th>
          <th scope="col">Target</th>
          <th scope="col">Effect</th>
          <th scope="col">Requests</th>
        </tr>
      </thead>
      <tbody>
        {groupsOf(items).map(({ key, item, count: many }) => (
          <tr key={key}>
            <td>
              <UntrustedText value={item.agent} />
            </td>
            <td>
              <UntrustedText value={item.target} />
            </td>
            <td>
              <EffectWord effect={item.effect} />
            </td>
            <td>{many.toLocaleString("en")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
