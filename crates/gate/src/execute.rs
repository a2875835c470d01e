//! Carrying out what a human has approved: revalidation and the permit.

use countersign_domain::{
    AuditEntry, Decision, Operator, OperatorId, Permission, Request, RequestEvent, RequestId,
    RequestState, Tally, Verdict, Vote, decide_with, tally,
};
use countersign_store::{
    Tx,
    requests::{self, RequestRow},
};

use crate::{
    caller::check_executor,
    carry_out::key_revoked,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    evidence::Evidence,
    gate::Gate,
    intent::Intent,
    outcome::{Keep, Ledgered},
    record::epoch_moved,
    resolve::stale,
    snapshot::Snapshot,
    submit::{DECISION_ATTEMPTS, Reply, killed},
};

impl Gate {
    /// Carries out a request that a human has approved: revalidates it, takes the permit, executes, and keeps the result.
    ///
    /// # Errors
    /// `not_approved`, `expired`, `stale`, `revoked`, `killed`, or what the target did.
    pub async fn execute(&self, cx: &OpCx, id: RequestId) -> Result<Reply> {
        cx.require(Permission::RequestCreate)?;
        for _ in 0..DECISION_ATTEMPTS {
            let epoch = self.epoch();
            match self.execute_once(cx, id).await {
                Err(error) if error.code == "epoch_moved" => self.wait_for_newer(epoch).await,
                other => return other,
            }
        }
        Err(epoch_moved().about(id))
    }

    async fn execute_once(&self, cx: &OpCx, id: RequestId) -> Result<Reply> {
        let snapshot = self.fresh_snapshot()?;
        let (row, votes) = self.load(cx, id).await?;
        let request = row.request.clone();
        check_executor(id, request.executor)?;
        if request.state == RequestState::Approved
            && request
                .deadline
                .is_some_and(|deadline| deadline <= self.now())
        {
            self.expire(&request).await?;
            return Err(expired(id));
        }
        match request.state {
            RequestState::Approved => {}
            RequestState::Expired => return Err(expired(id)),
            state => return Err(not_approved(id, state)),
        }
        let sealed = self.sealed_evidence(&row).await?;
        let lost = || stale(id, "the evidence of what was approved is gone");
        let evidence = Evidence::open(
            &self.inner.workspace.vault,
            row.evidence_entry,
            &sealed.ok_or_else(lost)?,
        )?;
        let payload = evidence.payload.ok_or_else(lost)?;
        if let Some(kill) = snapshot.kill.stops(request.agent, request.target) {
            return Err(killed(kill).about(id));
        }
        let mut asked = match self.resolve_again(
            &snapshot,
            &request,
            payload,
            evidence.intent,
            request.urgency,
        ) {
            Ok(asked) => asked,
            Err(error) => {
                self.end(&request, RequestEvent::WentStale, "stale").await?;
                return Err(error);
            }
        };
        if asked.context_hash() != request.context_hash
            || asked.payload_hash != request.payload_hash
        {
            self.end(&request, RequestEvent::WentStale, "stale").await?;
            return Err(stale(
                id,
                "the target, profile, credential or action has changed since it was approved",
            ));
        }
        // Requirement 25: trust in the key that asked was part of what was approved.
        let asking_key = request.key.and_then(|key| snapshot.keys.get(key));
        if asking_key.is_some_and(|key| !key.is_live(self.now())) {
            self.end(&request, RequestEvent::Revoked, "revoked").await?;
            return Err(key_revoked().about(id));
        }
        asked.facts.permissions = cx.principal.permissions();
        asked.key = cx.principal.key().map(|key| key.id);
        self.scan_input(&snapshot, &mut asked).await?;
        // What was approved by votes stands by them: a standing approval is for what nobody was asked about.
        let decision = decide_with(&snapshot.policy, &asked.facts, |_, _| false);
        if let Some(reason) = refusal(&snapshot, &decision, &row, &votes) {
            self.end(&request, RequestEvent::Revoked, "revoked").await?;
            let text = format!("it was approved, and may no longer run: {reason}");
            return Err(Error::new(ErrorKind::Forbidden, "revoked", text).about(id));
        }
        let request = self
            .take_permit(cx, request, &decision, snapshot.epoch)
            .await?;
        let kept_bytes =
            usize::try_from(asked.target.limits.kept_response_bytes).unwrap_or(usize::MAX);
        self.carry_out(asked, request, Ledgered::Intent, Keep::Whole(kept_bytes))
            .await
    }

    /// Approved → executing, with the intent, in one transaction: whoever comes second finds it taken.
    async fn take_permit(
        &self,
        cx: &OpCx,
        request: Request,
        decision: &Decision,
        epoch: u64,
    ) -> Result<Request> {
        let at = self.now();
        let change = requests::Transition {
            at,
            instance: Some(self.instance()),
            ..Default::default()
        };
        let entry = AuditEntry {
            verdict: Some(decision.verdict),
            rule: Some(decision.rule_label()),
            policy_version: Some(decision.policy_version),
            ..self.entry_about(&request, cx.principal.actor(), "action.intent", at)
        };
        let id = request.id;
        let to = after(request.state, RequestEvent::Permitted)?;
        let unit = move |tx: &mut Tx<'_>| -> Result<()> {
            if tx.epoch()? != epoch {
                return Err(epoch_moved());
            }
            if !requests::transition(tx, id, RequestState::Approved, to, &change)? {
                let state =
                    requests::find(tx, id)?.map_or(RequestState::Unknown, |row| row.request.state);
                return Err(not_approved(id, state));
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        };
        let permitted = Request {
            state: to,
            instance: Some(self.instance()),
            deadline: None,
            changed_at: at,
            ..request
        };
        let store = self.inner.workspace.store.clone();
        Intent::new(
            self,
            permitted.clone(),
            async move { store.write(unit).await },
        )
        .await?;
        Ok(permitted)
    }
}

/// Why an approved request may no longer run; `None` if it may.
fn refusal(
    snapshot: &Snapshot,
    decision: &Decision,
    row: &RequestRow,
    votes: &[Vote],
) -> Option<String> {
    match decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny => Some(decision.made_by().reason.clone().into_owned()),
        Verdict::Ask => {
            let may_still = |vote: &&Vote| {
                let waited = vote.at.since(row.request.created_at);
                let is_named = |operator: &Operator| {
                    row.terms.names(operator, waited) && decision.terms.names(operator, waited)
                };
                match vote.on_behalf_of {
                    None => may_decide(snapshot, vote.operator, is_named),
                    Some(seat) => {
                        may_decide(snapshot, seat, is_named)
                            && may_decide(snapshot, vote.operator, |_| true)
                    }
                }
            };
            let entitled: Vec<Vote> = votes.iter().filter(may_still).cloned().collect();
            // A rule that came after the votes may ask for more of them, never for fewer.
            let quorum = row.quorum.max(decision.terms.quorum.unwrap_or(1));
            match tally(quorum, &entitled) {
                Tally::Approved => None,
                Tally::Open { .. } | Tally::Denied if quorum > row.quorum => Some(format!(
                    "the rules now ask for {quorum} approvals: ask again"
                )),
                Tally::Open { .. } | Tally::Denied => {
                    Some("who approved it may no longer decide".to_owned())
                }
            }
        }
    }
}

/// Whether an operator who has voted is still one who may.
fn may_decide(
    snapshot: &Snapshot,
    operator: OperatorId,
    is_named: impl FnOnce(&Operator) -> bool,
) -> bool {
    snapshot.operators.get(operator).is_some_and(|operator| {
        operator.disabled_at.is_none()
            && is_named(&operator)
            && operator
                .role
                .permissions()
                .contains(Permission::RequestDecide)
    })
}

/// One move of the state machine, as a fault of the gate where it does not exist: callers look at the state first.
pub(crate) fn after(state: RequestState, event: RequestEvent) -> Result<RequestState> {
    state.after(event).map_err(Error::internal)
}

pub(crate) fn expired(id: RequestId) -> Error {
    let text = "Approval has expired — resubmit request via POST /proxy";
    Error::new(ErrorKind::Gone, "expired", text).about(id)
}

fn not_approved(id: RequestId, state: RequestState) -> Error {
    let text = format!("only an approved request can be executed, once; this one is {state}");
    Error::new(ErrorKind::Conflict, "not_approved", text).about(id)
}
