import { useMe } from "@/app/me";
import { Bytes } from "@/ui/Bytes";
import { fromBase64 } from "@/ui/BytesRows";
import { UntrustedText } from "@/ui/BytesText";
import { Time } from "@/ui/Time";
import { StateWord } from "@/ui/Words";
import type { Action, ActionView, Vote } from "./action";
import classes from "./approval.module.css";

const WORDS: Record<string, string> = {
  approved: "It may be carried out once; the agent has been told.",
  denied: "Nothing runs. The agent was told: denied.",
  expired: "Nobody decided in time, so nothing runs. The agent was told that it expired and that it has to ask again.",
  stale:
    "The target, profile, credential or action changed after it was asked, so what you saw is not what would run. Nothing runs; the agent has to ask again.",
  revoked: "It had been approved and was taken back before anything was sent: nothing ran.",
  cancelled: "It was taken back before it was decided or carried out. Nothing runs.",
  executing: "It is being carried out now.",
  succeeded: "It was carried out and the target said yes.",
  failed: "It was carried out and the target said no, or nothing could be sent.",
  unknown:
    "It was sent and its outcome is not known. It is never sent again: somebody has to find out, then settle it in Activity.",
};

/** Where a request stands that nobody can decide any more, and what that means. Changes are announced. */
export function Outcome({ action }: { action: Action }) {
  const votes = action.votes;
  const decider = votes.findLast(({ kind }) => action.state !== "denied" || kind === "deny");
  const isByRule = votes.length === 0 && action.state === "denied";
  return (
    <section className={classes.outcome} data-state={action.state} role="status" aria-label="Outcome">
      <p className={classes.line}>
        <StateWord state={action.state} />
        {decider && <Voter vote={decider} />}
        {isByRule && "by a rule"}
        <span className={classes.muted}>
          <Time value={action.changed_at} />
        </span>
      </p>
      <p className={classes.text}>{WORDS[action.state] ?? `It is ${action.state}.`}</p>
      {action.state === "approved" && action.deadline && (
        <p className={classes.text}>
          The approval ends <Time value={action.deadline} /> if it is not used.
        </p>
      )}
      {action.outcome && (
        <p className={classes.text}>
          Outcome: <UntrustedText value={action.outcome} isCode />
        </p>
      )}
      {action.result && <Result result={action.result} />}
    </section>
  );
}

function Result({ result }: { result: NonNullable<Action["result"]> }) {
  const value = result.body_base64 ? fromBase64(result.body_base64) : result.body;
  return (
    <div>
      <h3 className={classes.label}>The target answered {result.status}</h3>
      {value ? <Bytes label="Answer" value={value} /> : <p className={classes.none}>No body.</p>}
    </div>
  );
}

function Voter({ vote }: { vote: Vote }) {
  const me = useMe();
  const isMe = me?.kind === "operator" && me.id === vote.operator;
  return (
    <span>
      {vote.kind === "approve" ? "approved" : "denied"} by{" "}
      <b>{isMe ? "you" : <UntrustedText value={vote.operator_name ?? `…${vote.operator.slice(-8)}`} />}</b>
      {vote.is_self_approved && " (self-approved)"}
    </span>
  );
}

/** Who has voted so far, of how many that are needed. */
export function Votes({ action }: { action: ActionView }) {
  const votes = action.votes;
  if (action.quorum <= 1 && votes.length === 0) return null;
  const yes = votes.filter((vote) => vote.kind === "approve" && !(action.quorum > 1 && vote.is_self_approved)).length;
  return (
    <div>
      <p className={classes.text}>
        {yes} of {Math.max(1, action.quorum)} {action.quorum > 1 ? "operators have" : "operator has"} said yes. One no
        ends it.
      </p>
      <ul className={classes.reasons}>
        {votes.map((vote) => (
          <li key={vote.operator}>
            <Voter vote={vote} />, <Time value={vote.at} />
            {vote.note && (
              <>
                :{" "}
                <q>
                  <UntrustedText value={vote.note} />
                </q>
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
