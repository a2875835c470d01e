/** What a batch would run: each distinct run once, whole, to be opened one after the other. */
import { Button, Text } from "@mantine/core";
import { IconCheck, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { RunView } from "@/components/approval/RunView";
import { useSurroundings } from "@/components/approval/surroundings";
import { UntrustedText } from "@/ui/BytesText";
import { count } from "@/ui/count";
import { Id } from "@/ui/Id";
import { Time } from "@/ui/Time";
import { EffectWord } from "@/ui/Words";
import type { SameRun } from "./batch";
import classes from "./batch.module.css";

export interface BatchRunsProps {
  runs: readonly SameRun[];
  opened: ReadonlySet<string>;
  onOpened: (key: string) => void;
}

/** The runs of a batch, of which one is open. */
export function BatchRuns({ runs, opened, onOpened }: BatchRunsProps) {
  const [open, setOpen] = useState(runs[0]?.key);
  const next = runs.find(({ key }) => !opened.has(key) && key !== open)?.key;
  return (
    <ol className={classes.runs} aria-label="Requests of this batch">
      {runs.map((same) => (
        <RunItem
          key={same.key}
          same={same}
          isOpen={same.key === open}
          isOpened={opened.has(same.key)}
          hasSeveral={runs.length > 1}
          onToggle={() => setOpen(same.key === open ? undefined : same.key)}
          onOpened={onOpened}
          onNext={next === undefined ? undefined : () => setOpen(next)}
        />
      ))}
    </ol>
  );
}

interface RunItemProps {
  same: SameRun;
  isOpen: boolean;
  isOpened: boolean;
  hasSeveral: boolean;
  onToggle: () => void;
  onOpened: (key: string) => void;
  onNext: (() => void) | undefined;
}

function RunItem({ same, isOpen, isOpened, hasSeveral, onToggle, onOpened, onNext }: RunItemProps) {
  const { action, items } = same;
  const panel = useId();
  const head = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(isOpen);
  useEffect(() => {
    // The one that was opened by the button of another is read from its beginning.
    if (isOpen && !wasOpen.current) {
      head.current?.scrollIntoView({ block: "start" });
      head.current?.focus({ preventScroll: true });
    }
    wasOpen.current = isOpen;
  }, [isOpen]);
  return (
    <li className={classes.item}>
      <h3 className={classes.heading}>
        <button
          ref={head}
          type="button"
          className={classes.head}
          aria-expanded={isOpen}
          aria-controls={isOpen ? panel : undefined}
          onClick={onToggle}
        >
          {isOpen ? <IconChevronDown size={16} aria-hidden /> : <IconChevronRight size={16} aria-hidden />}
          <span className={classes.what}>
            <UntrustedText value={action.action} isCode />
            <span className={classes.who}>
              <UntrustedText value={action.agent} /> → <UntrustedText value={action.target} />,{" "}
              {count(items.length, "request")}
            </span>
          </span>
          <span className={classes.state}>
            <EffectWord effect={action.effect} />
            {isOpened ? (
              <span className={classes.opened}>
                <IconCheck size={14} aria-hidden />
                opened
              </span>
            ) : (
              <span className={classes.unopened}>not opened yet</span>
            )}
          </span>
        </button>
      </h3>
      {isOpen && (
        <div id={panel} className={classes.panel}>
          <WholeRun same={same} onOpened={onOpened} />
          {hasSeveral && (
            <div className={classes.next}>
              {onNext ? (
                <Button size="compact-sm" variant="default" onClick={onNext}>
                  Open the next
                </Button>
              ) : (
                <Text size="sm">All of it was opened.</Text>
              )}
            </div>
          )}
        </div>
      )}
    </li>
  );
}

/** One run with nothing left out, and everyone who asked for it. */
function WholeRun({ same: { key, action, run, items }, onOpened }: { same: SameRun; onOpened: (key: string) => void }) {
  const { credential } = useSurroundings(action);
  const [unseen, setUnseen] = useState<readonly string[]>([]);
  const onSeen = useCallback((part: string, isSeen: boolean) => {
    setUnseen((before) => {
      if (before.includes(part) !== isSeen) return before;
      return isSeen ? before.filter((each) => each !== part) : [...before, part];
    });
  }, []);
  const isWhole = unseen.length === 0;
  useEffect(() => {
    if (isWhole) onOpened(key);
  }, [isWhole, key, onOpened]);
  return (
    <>
      <RunView run={run} credential={credential} target={action.target} onSeen={onSeen} suffix=" in the batch" />
      <h3 className={classes.label}>Why, in the agent's words, which nobody has checked</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <ul className={classes.intents} aria-label="Why each was asked" tabIndex={0}>
        {items.map((item) => (
          <li key={item.id}>
            <Id value={item.id} label="the request's id" /> <Time value={item.created_at} />:{" "}
            {item.intent ? <UntrustedText value={item.intent} /> : "no reason given"}
          </li>
        ))}
      </ul>
    </>
  );
}
