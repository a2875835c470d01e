//! The pipeline's entrance: one draft in, one of three answers out.

use std::time::Duration;

use countersign_domain::{
    Decision, ExecutorKind, Finding, KillScope, Permission, RequestState, RiskScore, Timestamp,
    Verdict,
};
use countersign_store::escalations;
use http::HeaderMap;

use crate::{
    context::OpCx,
    draft::ActionDraft,
    error::{Error, ErrorKind, Result},
    gate::Gate,
    health::Counters,
    idempotency::Keyed,
    pending,
    reply::ReplyBody,
    requests::RequestView,
    resolve::Asked,
    snapshot::Snapshot,
};

/// What came of a draft.
#[derive(Debug)]
pub enum Submission {
    /// It was carried out; or an earlier outcome under the same idempotency key, again.
    Replied(Reply),
    /// It may, and the one who asked carries it out: an approval-only action that nobody had to be asked about.
    Approved(Box<RequestView>),
    /// A human is asked.
    Pending(Box<RequestView>),
    /// It may not.
    Denied(Box<RequestView>),
}

/// What the target answered, masked.
#[derive(Debug)]
pub struct Reply {
    /// The request that it belongs to.
    pub request: countersign_domain::RequestId,
    /// The status in HTTP's terms.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
    /// Whether it is the first outcome of an idempotency key again, without a second execution.
    pub is_replay: bool,
    /// How risky the request was.
    pub risk: RiskScore,
    /// What was found in the beginning of the body. Words of the target's are not in it.
    pub findings: Vec<Finding>,
}

/// How often a decision is made again when the configuration changes under it.
pub(crate) const DECISION_ATTEMPTS: u32 = 16;

/// A snapshot is published milliseconds after the commit that it is of.
const SNAPSHOT_LOOK_PERIOD: Duration = Duration::from_millis(1);
const SNAPSHOT_LOOKS: u32 = 300;

impl Gate {
    /// Submits an action: resolves it, decides on it, and carries it out, holds it for a human or refuses it. Every outcome is on
    /// disk, by the action's durability class, before it is answered.
    ///
    /// # Errors
    /// See the error's code. Where a request exists, the error names it.
    pub async fn submit(&self, cx: &OpCx, draft: ActionDraft) -> Result<Submission> {
        self.submit_until(cx, draft, None).await
    }

    /// Like [`Gate::submit`]; where a human is asked, the request expires at `until`, if that is earlier than it would anyway.
    ///
    /// # Errors
    /// As there.
    pub async fn submit_until(
        &self,
        cx: &OpCx,
        draft: ActionDraft,
        until: Option<Timestamp>,
    ) -> Result<Submission> {
        cx.require(Permission::RequestCreate)?;
        for attempt in 1..=DECISION_ATTEMPTS {
            let snapshot = self.fresh_snapshot()?;
            let mut asked = self.resolve(cx, &snapshot, &draft)?;
            asked.until = until;
            let epoch = snapshot.epoch;
            match self.submit_resolved(cx, &snapshot, asked).await {
                // The new snapshot is published right after the change's commit: give it that moment.
                Err(error) if error.code == "epoch_moved" && attempt < DECISION_ATTEMPTS => {
                    self.wait_for_newer(epoch).await;
                }
                other => return other,
            }
        }
        Err(crate::record::epoch_moved())
    }

    /// Waits until the snapshot has left an epoch that the store has left already; not for long.
    pub(crate) async fn wait_for_newer(&self, epoch: u64) {
        for _ in 0..SNAPSHOT_LOOKS {
            if self.epoch() > epoch {
                return;
            }
            tokio::time::sleep(SNAPSHOT_LOOK_PERIOD).await;
        }
    }

    async fn submit_resolved(
        &self,
        cx: &OpCx,
        snapshot: &Snapshot,
        asked: Asked,
    ) -> Result<Submission> {
        let Some(keyed) = Keyed::of(&asked) else {
            return self.submit_first(cx, snapshot, asked).await;
        };
        let _held = self.hold_key(&keyed)?;
        // The key is taken in the transaction that comes before anything happens: only whoever finds it taken has to look.
        match self.submit_first(cx, snapshot, asked).await {
            Err(error) if error.code == "in_flight" => self.earlier(cx, &keyed).await?.ok_or(error),
            other => other,
        }
    }

    async fn submit_first(
        &self,
        cx: &OpCx,
        snapshot: &Snapshot,
        mut asked: Asked,
    ) -> Result<Submission> {
        if let Some(kill) = snapshot.kill.stops(asked.agent.id, asked.target.id) {
            Counters::count(&self.inner.counters.killed);
            let error = killed(kill);
            self.record_killed(cx, &asked).await?;
            return Err(error);
        }
        self.scan_input(snapshot, &mut asked).await?;
        let decision = Self::judge(snapshot, &asked);
        let counters = &self.inner.counters;
        Counters::count(match decision.verdict {
            Verdict::Allow => &counters.allowed,
            Verdict::Ask => &counters.asked,
            Verdict::Deny => &counters.denied,
        });
        match decision.verdict {
            Verdict::Allow if asked.connector.carried_out_by() == ExecutorKind::Caller => self
                .approve_at_once(&asked, &decision, snapshot.epoch)
                .await
                .map(|view| Submission::Approved(Box::new(view))),
            Verdict::Allow => {
                let reply = self
                    .carry_out_allowed(snapshot.epoch, asked, decision)
                    .await?;
                Ok(Submission::Replied(reply))
            }
            Verdict::Ask => self
                .hold(snapshot, &asked, &decision)
                .await
                .map(|view| Submission::Pending(Box::new(view))),
            Verdict::Deny => self
                .refuse(&asked, &decision)
                .await
                .map(|view| Submission::Denied(Box::new(view))),
        }
    }

    /// Records a request that a human has to decide on.
    async fn hold(
        &self,
        snapshot: &Snapshot,
        asked: &Asked,
        decision: &Decision,
    ) -> Result<RequestView> {
        let terms = &decision.terms;
        let denied_after = terms
            .escalation
            .as_ref()
            .filter(|escalation| escalation.deny)
            .map(|escalation| escalation.after_seconds);
        let seconds = terms
            .deadline_seconds
            .unwrap_or(snapshot.settings.approval_deadline_seconds)
            .min(denied_after.unwrap_or(u64::MAX));
        let deadline = Duration::from_secs(seconds);
        let mut opening = self.opening(asked, decision, RequestState::Pending, "action.asked");
        let deadline = asked.facts.at.saturating_add(deadline);
        opening.row.request.deadline =
            Some(asked.until.map_or(deadline, |until| until.min(deadline)));
        let due_at = terms
            .escalation
            .as_ref()
            .filter(|escalation| !escalation.deny)
            .map(|escalation| {
                asked
                    .facts
                    .at
                    .saturating_add(Duration::from_secs(escalation.after_seconds))
            });
        let most = snapshot.settings.approvals.pending_per_agent;
        let room = &self.inner.pending_room;
        let has_room = room.take(asked.agent.id);
        let (agent, id) = (asked.agent.id, asked.id);
        let view = RequestView::fresh(asked, &opening.row);
        let pending = self
            .inner
            .workspace
            .store
            .write(move |tx| -> Result<Option<u32>> {
                let pending = if has_room {
                    None
                } else {
                    Some(pending::check(tx, agent, most)?)
                };
                opening.write(tx)?;
                if let Some(due_at) = due_at {
                    escalations::insert(tx, id, due_at)?;
                }
                Ok(pending)
            })
            .await?;
        if let Some(pending) = pending {
            room.counted(agent, pending.saturating_add(1), most);
        }
        Ok(view)
    }

    /// Records a request that may not run.
    async fn refuse(&self, asked: &Asked, decision: &Decision) -> Result<RequestView> {
        let opening = self.opening(asked, decision, RequestState::Denied, "action.denied");
        self.record_held(asked, opening).await
    }

    /// A refusal by the kill switch leaves an entry and no request: there is nothing to decide on or to look up later.
    async fn record_killed(&self, cx: &OpCx, asked: &Asked) -> Result<()> {
        let id = countersign_domain::EntryId::new(self.inner.clock.uuid());
        let entry = countersign_domain::AuditEntry {
            subject: Some(format!("target:{}", asked.target.id)),
            verdict: Some(Verdict::Deny),
            rule: Some("kill".to_owned()),
            outcome: Some("killed".to_owned()),
            ..countersign_domain::AuditEntry::new(id, cx.now, asked.actor, "action.refused")
        };
        self.inner
            .workspace
            .store
            .write(move |tx| tx.append_entry(entry.clone()).map_err(Error::from))
            .await
    }

    async fn record_held(
        &self,
        asked: &Asked,
        opening: crate::record::Opening,
    ) -> Result<RequestView> {
        let view = RequestView::fresh(asked, &opening.row);
        self.inner
            .workspace
            .store
            .write(move |tx| opening.write(tx))
            .await?;
        Ok(view)
    }
}

/// A kill switch stands in the way.
pub(crate) fn killed(kill: &countersign_domain::Kill) -> Error {
    let stopped = match kill.scope {
        KillScope::All => "everything is",
        KillScope::Agent(_) => "this agent is",
        KillScope::Target(_) => "this target is",
    };
    let text = format!(
        "{stopped} stopped by the kill switch since {}: an operator has to release it",
        kill.at
    );
    Error::new(ErrorKind::Forbidden, "killed", text)
}
