/**
 * The one approval card: everything that a decision needs, and nothing between the reader and the bytes that will run.
 *
 * It follows its request live. A part that is folded has to be opened before Approve can be pressed; what was shown is what is approved,
 * since the decision carries the hash.
 */
import { Skeleton, Stack } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Ref, useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { useLive } from "@/app/live";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { Bytes } from "@/ui/Bytes";
import { UntrustedText } from "@/ui/BytesText";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Copy, Id } from "@/ui/Id";
import { Time } from "@/ui/Time";
import { span } from "@/ui/units";
import { EffectWord, UrgencyWord } from "@/ui/Words";
import { type Action, type ActionView, actionKey, actionQuery, runOf } from "./action";
import classes from "./approval.module.css";
import { Countdown, useIsOver } from "./Countdown";
import { DecisionBar, type Panel } from "./DecisionBar";
import { refusal, type Say, useDecide } from "./decide";
import { Findings } from "./Findings";
import { findingsOf } from "./found";
import { Outcome, Votes } from "./Outcome";
import { FromTo, Risk, Trace, Warnings } from "./Reasons";
import { RunView } from "./RunView";
import { type Surroundings, useSurroundings } from "./surroundings";
import { ADVANCED_ARMING_MS, ARMING_MS, type Disarmed, useArming } from "./useArming";

/** What keys outside of the card can do with it. */
export interface CardControls {
  approve: () => void;
  deny: () => void;
  note: () => void;
}

export interface ApprovalCardProps {
  id: string;
  onDecided?: ((view: ActionView, say: Say) => void) | undefined;
  controls?: Ref<CardControls> | undefined;
  /** Shown at the card's head, left of the title. */
  lead?: React.ReactNode;
  /** Whether the request took the place of another by itself: then it is longer until it can be decided. */
  isAdvanced?: boolean | undefined;
}

const HINTS: Record<Disarmed, string> = {
  "just appeared": "just appeared",
  "just came back": "just come back into view",
};
/** The gateway expires what is late when it is asked; its clock may be a little behind. */
const LATE_MS = 500;

export function ApprovalCard(props: ApprovalCardProps) {
  const { data, error, refetch } = useQuery(actionQuery(props.id));
  const queued = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(queued.current), []);
  useLive((event) => {
    // A changed target or credential makes what was asked stale: the entry of that names no action.
    const isAbout = event.action_id === props.id || event.kind.startsWith("config.");
    if (!isAbout || queued.current !== undefined) return;
    queued.current = setTimeout(() => {
      queued.current = undefined;
      void refetch();
    }, 30);
  });
  if (!data && error) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <CardSkeleton />;
  // Each request has a card of its own: nothing that was opened or typed carries over.
  return <LoadedCard key={data.id} {...props} action={data} />;
}

function LoadedCard({ action, onDecided, controls, lead, isAdvanced = false }: ApprovalCardProps & { action: Action }) {
  const me = useMe();
  const around = useSurroundings(action);
  const run = useMemo(() => runOf(action), [action]);
  const [unseen, setUnseen] = useState<readonly string[]>([]);
  const [panel, setPanel] = useState<Panel>("none");
  const [note, setNote] = useState("");
  const [hint, setHint] = useState("");
  const notYet = useArming(isAdvanced ? ADVANCED_ARMING_MS : ARMING_MS);
  const approveButton = useRef<HTMLSpanElement>(null);
  const decide = useDecide(onDecided);
  const isOver = useIsOver(action.deadline);
  const isPending = action.state === "pending" && !isOver;
  const client = useQueryClient();
  const isLate = action.state === "pending" && isOver;
  useEffect(() => {
    if (!isLate) return;
    // The gateway says what has become of it.
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: actionKey(action.id) }), LATE_MS);
    return () => clearTimeout(timer);
  }, [isLate, client, action.id]);
  const isDestructive = action.effect === "destructive";

  const onSeen = useCallback((part: string, isSeen: boolean) => {
    setUnseen((before) => {
      if (before.includes(part) !== isSeen) return before;
      return isSeen ? before.filter((each) => each !== part) : [...before, part];
    });
  }, []);

  const mine = action.votes.find((vote) => vote.operator === me?.id);
  const why =
    whyNot(me, "decide") ??
    (mine && `You have voted: ${mine.kind === "approve" ? "yes" : "no"}. The others decide now.`);
  const whyNotApprove =
    why ??
    (run === undefined ? "What would run was deleted: nobody can see it, so nobody can approve it." : undefined) ??
    (action.is_self_asked && around.isSeparationStrict
      ? "You asked for this yourself, and separation of duties is strict: another operator has to approve."
      : undefined) ??
    (action.is_current === false
      ? "What would run has changed since it was asked: the agent has to ask again."
      : undefined) ??
    (unseen.length > 0 ? `Open all of ${unseen.join(" and ")} before you approve.` : undefined);

  const say = (kind: Say, reason: string | undefined) => {
    if (decide.isPending || !isPending) return;
    if (reason) return setHint(reason);
    const disarmed = notYet();
    if (disarmed) return setHint(`This request has only ${HINTS[disarmed]}. Read it, then decide.`);
    setHint("");
    decide.mutate({ id: action.id, say: kind, note: note.trim(), payloadHash: action.payload_hash });
  };
  const approve = () => say("approve", whyNotApprove);
  const deny = () => say("deny", why);

  useImperativeHandle(controls, () => ({
    approve: () => {
      if (!isPending) return;
      if (isDestructive && !whyNotApprove) {
        approveButton.current?.querySelector("button")?.focus();
        setHint("This is destructive: press Enter to approve it.");
      } else approve();
    },
    deny: () => {
      if (!isPending) return;
      if (why) setHint(why);
      else setPanel("deny");
    },
    note: () => isPending && setPanel("note"),
  }));

  return (
    <article className={classes.card} aria-labelledby={`title-${action.id}`} data-state={action.state}>
      <header className={classes.head}>
        {lead}
        <div className={classes.heading}>
          <FromTo action={action} />
          <h2 id={`title-${action.id}`} className={classes.title}>
            <UntrustedText value={action.action} isCode />
          </h2>
          <div className={classes.words}>
            <EffectWord effect={action.effect} />
            <UrgencyWord urgency={action.urgency} />
            <span className={classes.muted}>
              asked <Time value={action.created_at} />
            </span>
          </div>
        </div>
        {action.state === "pending" && action.deadline && <Countdown deadline={action.deadline} />}
      </header>
      <div className={classes.content}>
        {decide.error && <Refusal error={decide.error} />}
        {action.state !== "pending" && <Outcome action={action} />}
        {action.state === "pending" && isOver && (
          <section className={classes.outcome} role="status" aria-label="Outcome">
            <p className={classes.text}>
              <b>The deadline has passed.</b> Nothing runs; the agent is told that it expired and that it has to ask
              again.
            </p>
          </section>
        )}
        <Warnings action={action} run={run} />
        <Part title="What runs">
          {run ? (
            <RunView run={run} credential={around.credential} target={action.target} onSeen={onSeen} />
          ) : (
            <p className={classes.none}>The evidence of what was asked was deleted.</p>
          )}
        </Part>
        <Part title="Why" note="in the agent's words, which nobody has checked">
          {action.intent ? (
            <Bytes label="Intent" value={action.intent} isPlain onAllSeen={(isSeen) => onSeen("the intent", isSeen)} />
          ) : (
            <p className={classes.none}>The agent gave no reason.</p>
          )}
        </Part>
        {findingsOf(action).length > 0 && (
          <Part title="What the scan found">
            <Findings action={action} />
          </Part>
        )}
        <Part title="Risk">
          <Risk action={action} />
        </Part>
        <Part title="Why you are asked">
          <Trace action={action} />
        </Part>
        {(action.quorum > 1 || action.votes.length > 0) && (
          <Part title="Votes">
            <Votes action={action} />
          </Part>
        )}
        {action.state === "pending" && (
          <Part title="What happens next">
            <Next action={action} around={around} />
          </Part>
        )}
        <Part title="Proof">
          <div className={classes.hash}>
            <span className={classes.muted}>SHA-256 of what runs</span> <code>{action.payload_hash}</code>{" "}
            <Copy value={action.payload_hash} label="Copy the hash" />
          </div>
          <div className={classes.hash}>
            <span className={classes.muted}>Request</span> <Id value={action.id} label="the request's id" shown={36} />
            <Link to="/dashboard/activity/$id" params={{ id: action.id }} className={classes.link}>
              Timeline and ledger entries
            </Link>
          </div>
        </Part>
      </div>
      {isPending && (
        <DecisionBar
          isDestructive={isDestructive}
          whyNotApprove={whyNotApprove}
          whyNotDeny={why}
          isBusy={decide.isPending}
          panel={panel}
          setPanel={setPanel}
          note={note}
          setNote={setNote}
          onApprove={approve}
          onDeny={deny}
          approveButton={approveButton}
          hint={hint}
        />
      )}
    </article>
  );
}

function Part({ title, note, children }: { title: string; note?: string; children: React.ReactNode }) {
  return (
    <section className={classes.part}>
      <h3 className={classes.partTitle}>
        {title}
        {note && <span className={classes.muted}>{` (${note})`}</span>}
      </h3>
      {children}
    </section>
  );
}

function Refusal({ error }: { error: unknown }) {
  const { problem, meaning } = refusal(error);
  return (
    <Stack gap={4}>
      <ErrorNotice error={problem} />
      {meaning && <p className={classes.text}>{meaning}</p>}
    </Stack>
  );
}

function Next({ action, around }: { action: Action; around: Surroundings }) {
  const yes = action.quorum > 1 ? `Once ${action.quorum} operators have approved,` : "If you approve,";
  if (action.executor === "caller") {
    return (
      <p className={classes.text}>{yes} the agent is told so and carries it out itself: the gateway sends nothing.</p>
    );
  }
  const credential = around.credential
    ? `with the ${around.credential} credential of ${action.target}`
    : around.hasNoCredential
      ? "without a credential: none is set for this profile"
      : `with the credential of ${action.target}, if it has one`;
  return (
    <p className={classes.text}>
      {yes} the agent can run it at once, and only once
      {around.executeSeconds !== undefined && `, within ${span(around.executeSeconds)}`}, {credential}. Exactly the
      bytes above are sent; if the target, profile or credential changes before that, nothing runs. What has run can't
      be taken back{action.effect === "destructive" ? ", and this destroys something" : ""}.
    </p>
  );
}

function CardSkeleton() {
  return (
    <div role="status" aria-label="Loading the request" className={classes.card}>
      <Stack p="md" gap="sm">
        <Skeleton height={18} width="40%" />
        <Skeleton height={26} width="70%" />
        <Skeleton height={120} />
        <Skeleton height={60} />
      </Stack>
    </div>
  );
}
