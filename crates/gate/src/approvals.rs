//! The human side: one function that every way of deciding calls.

use std::time::Duration;

use countersign_domain::{
    Actor, Delegation, Digest, ExecutorKind, Operator, Permission, RequestEvent, RequestId,
    RequestState, StandingApproval, StandingApprovalId, Verdict, Vote, VoteKind, decide_with,
};
use countersign_store::requests;

use crate::{
    carry_out::key_revoked,
    checks,
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    execute::expired,
    gate::Gate,
    record::epoch_moved,
    requests::RequestView,
    resolve::Asked,
    sessions::require_fresh_proof,
    settings::SeparationOfDuties,
    snapshot::{Nouns, Snapshot},
    standing::StandingDraft,
    submit::{DECISION_ATTEMPTS, killed},
    vote_unit::VoteUnit,
    webhooks::Said,
};

/// The longest note of a decision, in characters.
pub const NOTE_LIMIT_CHARACTERS: usize = 2_000;

/// From where an operator votes.
struct Seat {
    /// Whose seat was lent to them, where it is not their own.
    delegation: Option<Delegation>,
    /// Whether they, or whose seat it is, asked for it themselves.
    is_self_approved: bool,
}

/// What an operator says on a request.
#[derive(Debug, Clone)]
pub struct Ballot {
    /// Yes or no.
    pub kind: VoteKind,
    /// Why.
    pub note: String,
    /// The payload that they have looked at; another one is not decided on.
    pub seen: Option<Digest>,
    /// Whom the client says that it decides for: unverified, kept and shown as such.
    pub label: Option<String>,
    /// What is allowed beyond this request.
    pub standing: Option<StandingDraft>,
    /// The nonce of the decision link that it comes by: that is used up with it.
    pub link: Option<uuid::Uuid>,
}

impl Ballot {
    /// Yes or no, and nothing more.
    pub const fn new(kind: VoteKind) -> Self {
        Self {
            kind,
            note: String::new(),
            seen: None,
            label: None,
            standing: None,
            link: None,
        }
    }
}

impl Gate {
    /// Approves or denies a pending request, by the credential in `cx` and nothing that a client writes.
    ///
    /// # Errors
    /// `forbidden` for an agent or whoever may not decide; `already_decided`, `expired`, `stale`.
    pub async fn decide(
        &self,
        cx: &OpCx,
        id: RequestId,
        kind: VoteKind,
        note: String,
    ) -> Result<RequestView> {
        self.decide_on(cx, id, kind, note, None).await
    }

    /// Like [`Gate::decide`], on the payload that the operator has looked at.
    ///
    /// # Errors
    /// As there, and `payload_changed` where the request's payload is another than `seen`.
    pub async fn decide_on(
        &self,
        cx: &OpCx,
        id: RequestId,
        kind: VoteKind,
        note: String,
        seen: Option<Digest>,
    ) -> Result<RequestView> {
        self.vote(cx, id, kind, note, seen, None).await
    }

    /// Like [`Gate::decide_on`], with whom a client says that it decides for. That is kept, and proves nothing.
    pub(crate) async fn vote(
        &self,
        cx: &OpCx,
        id: RequestId,
        kind: VoteKind,
        note: String,
        seen: Option<Digest>,
        label: Option<String>,
    ) -> Result<RequestView> {
        let ballot = Ballot {
            note,
            seen,
            label,
            ..Ballot::new(kind)
        };
        self.cast(cx, id, ballot).await
    }

    /// Approves or denies, with all that can be said with it.
    ///
    /// # Errors
    /// As [`Gate::decide_on`]; `invalid_input` for a standing approval that can't be made.
    pub async fn cast(&self, cx: &OpCx, id: RequestId, ballot: Ballot) -> Result<RequestView> {
        if let Some(standing) = &ballot.standing {
            standing.check()?;
            if ballot.kind == VoteKind::Deny {
                return Err(Error::invalid(
                    "standing",
                    "a standing approval comes with an approval only",
                ));
            }
        }
        for _ in 0..DECISION_ATTEMPTS {
            let epoch = self.epoch();
            match self.decide_once(cx, id, ballot.clone()).await {
                Err(error) if error.code == "epoch_moved" => self.wait_for_newer(epoch).await,
                other => return other,
            }
        }
        Err(epoch_moved().about(id))
    }

    async fn decide_once(&self, cx: &OpCx, id: RequestId, ballot: Ballot) -> Result<RequestView> {
        cx.require(Permission::RequestDecide)?;
        let Principal::Operator { operator, .. } = &cx.principal else {
            return Err(Error::forbidden("only an operator decides"));
        };
        require_fresh_proof(cx)?;
        check_note(&ballot.note)?;
        checks::characters("label", ballot.label.as_deref().unwrap_or_default())?;
        let (row, _) = self.load(cx, id).await?;
        if ballot
            .seen
            .is_some_and(|seen| seen != row.request.payload_hash)
        {
            let text = "this is not what you have looked at: its payload has another hash; load it again and look";
            return Err(Error::new(ErrorKind::Conflict, "payload_changed", text).about(id));
        }
        let is_late = |deadline| deadline <= self.now();
        if row.request.state == RequestState::Pending && row.request.deadline.is_some_and(is_late) {
            self.lapse(&row).await?;
        }
        let snapshot = self.fresh_snapshot()?;
        let seat = self.seat(&snapshot, &row, operator, &ballot).await?;
        let (quorum, epoch, asked) = match ballot.kind {
            VoteKind::Approve => self.check_context(cx, id).await?,
            VoteKind::Deny => (row.quorum, None, None),
        };
        if ballot.link.is_some() && quorum > 1 {
            return Err(crate::links::sign_in_needed(id));
        }
        let vote = Vote {
            request: id,
            operator: operator.id,
            kind: ballot.kind,
            note: ballot.note,
            is_self_approved: seat.is_self_approved,
            on_behalf_of: seat.delegation.as_ref().map(|delegation| delegation.from),
            label: ballot.label,
            at: self.now(),
        };
        let actor = cx.principal.actor();
        let entry = |kind| self.entry_about(&row.request, actor, kind, vote.at);
        let standing = match (&ballot.standing, &asked) {
            (Some(standing), Some(asked)) => {
                let made = self.standing_of(standing, asked, &vote, quorum)?;
                let mut entry = entry("standing.created");
                entry.subject = Some(crate::standing::subject(&made));
                entry.outcome = Some(format!("{} uses until {}", made.uses, made.expires_at));
                Some((made, entry))
            }
            _ => None,
        };
        let link = ballot.link.map(|nonce| {
            let mut entry = entry("link.used");
            entry.subject = Some(format!("link:{nonce}"));
            entry.outcome = Some(vote.kind.as_str().to_owned());
            (nonce, entry)
        });
        let has_standing = standing.is_some();
        let unit = VoteUnit {
            quorum,
            epoch,
            standing,
            link,
            // An approval-only request is carried out elsewhere, whenever that is: `approved` is its end.
            execute_until: (row.request.executor == ExecutorKind::Gate).then(|| {
                let limit = Duration::from_secs(snapshot.settings.execute_ttl_seconds);
                vote.at.saturating_add(limit)
            }),
            announcer: self.announcer(),
            said: Said {
                by: Some(operator.name.to_string()),
                reason: Some(vote.note.clone()),
            },
            voted: entry("approval.voted"),
            decided: entry("approval.decided"),
            seat_of: vote
                .on_behalf_of
                .and_then(|seat| snapshot.operators.get(seat))
                .map(|seat| seat.name.clone()),
            delegation: seat.delegation,
            vote,
        };
        self.inner
            .workspace
            .store
            .write(move |tx| unit.write(tx))
            .await?;
        if has_standing {
            self.publish(Nouns::POLICY)
                .await
                .inspect_err(|_| self.fell_behind())?;
        }
        self.request(cx, id).await.map(|detail| detail.view)
    }

    /// From whose seat an operator votes, if they may.
    async fn seat(
        &self,
        snapshot: &Snapshot,
        row: &requests::RequestRow,
        operator: &Operator,
        ballot: &Ballot,
    ) -> Result<Seat> {
        let waited = self.now().since(row.request.created_at);
        let is_named = row.terms.names(operator, waited);
        let delegation = match ballot.kind {
            VoteKind::Approve if !is_named => {
                self.seat_for(snapshot, &row.terms, operator, waited)
                    .await?
            }
            _ => None,
        };
        let is_asker = |operator| row.request.asked_by == Actor::Operator(operator);
        let is_self_approved =
            is_asker(operator.id) || delegation.as_ref().is_some_and(|it| is_asker(it.from));
        if is_self_approved
            && ballot.kind == VoteKind::Approve
            && snapshot.settings.separation_of_duties == SeparationOfDuties::Strict
        {
            return Err(Error::forbidden(
                "you asked for this yourself, and separation_of_duties is strict: another operator has to approve",
            ));
        }
        if ballot.kind == VoteKind::Approve && delegation.is_none() && !is_named {
            return Err(Error::forbidden(
                "the rule that asked names who may approve this, and you are not among them: you may deny it",
            ));
        }
        if row.terms.reason_required && ballot.note.trim().is_empty() {
            return Err(Error::invalid(
                "note",
                "the rule that asked wants a reason: say why in the note",
            ));
        }
        Ok(Seat {
            delegation,
            is_self_approved,
        })
    }

    /// The standing approval that a vote makes.
    fn standing_of(
        &self,
        draft: &StandingDraft,
        asked: &Asked,
        vote: &Vote,
        quorum: u32,
    ) -> Result<StandingApproval> {
        if quorum > 1 {
            return Err(Error::invalid(
                "standing",
                "more than one operator has to approve this, each time: approve it without a standing approval",
            ));
        }
        if vote.on_behalf_of.is_some() {
            return Err(Error::invalid(
                "standing",
                "you vote from another's seat, which is lent for a while: approve it without a standing approval",
            ));
        }
        let id = StandingApprovalId::new(self.inner.clock.uuid());
        draft.make(id, vote.operator, asked, vote.at)
    }

    /// Refuses to let anybody approve what is no longer what would run: the request goes stale instead. What nobody looks at again
    /// before it is carried out is judged again here.
    ///
    /// How many have to say yes, and for an approval-only request the epoch that this was found at.
    async fn check_context(
        &self,
        cx: &OpCx,
        id: RequestId,
    ) -> Result<(u32, Option<u64>, Option<Asked>)> {
        let (row, _) = self.load(cx, id).await?;
        check_pending(id, row.request.state)?;
        let sealed = self.sealed_evidence(&row).await?;
        let gone = || crate::resolve::stale(id, "the evidence of what was asked is gone");
        let evidence = crate::evidence::Evidence::open(
            &self.inner.workspace.vault,
            row.evidence_entry,
            &sealed.ok_or_else(gone)?,
        )?;
        let payload = evidence.payload.ok_or_else(gone)?;
        let snapshot = self.fresh_snapshot()?;
        let asked = self.resolve_again(
            &snapshot,
            &row.request,
            payload,
            evidence.intent,
            row.request.urgency,
        );
        let same = asked.ok().filter(|asked| {
            asked.context_hash() == row.request.context_hash
                && asked.payload_hash == row.request.payload_hash
        });
        match (same, row.request.executor) {
            (Some(asked), ExecutorKind::Gate) => return Ok((row.quorum, None, Some(asked))),
            (Some(asked), ExecutorKind::Caller) => {
                let (quorum, asked) = self.judge_again(&snapshot, asked, &row).await?;
                return Ok((quorum, Some(snapshot.epoch), Some(asked)));
            }
            (None, _) => {}
        }
        self.end(&row.request, RequestEvent::WentStale, "stale")
            .await?;
        Err(crate::resolve::stale(
            id,
            "the target, profile, credential or action has changed since it was asked",
        ))
    }

    /// Judges an approval-only request again, as an execution would: `approved` is its end. How many have to say yes.
    async fn judge_again(
        &self,
        snapshot: &Snapshot,
        mut asked: Asked,
        row: &requests::RequestRow,
    ) -> Result<(u32, Asked)> {
        let id = row.request.id;
        if let Some(kill) = snapshot.kill.stops(row.request.agent, row.request.target) {
            return Err(killed(kill).about(id));
        }
        // Requirement 25: trust in the key that asked is part of what is approved.
        let key = row.request.key.and_then(|key| snapshot.keys.get(key));
        if key.is_some_and(|key| !key.is_live(self.now())) {
            self.end(&row.request, RequestEvent::Cancelled, "key_revoked")
                .await?;
            return Err(key_revoked().about(id));
        }
        self.scan_input(snapshot, &mut asked).await?;
        let decision = decide_with(&snapshot.policy, &asked.facts, |_, _| false);
        if decision.verdict == Verdict::Deny {
            let reason = decision.made_by().reason.clone();
            self.end(
                &row.request,
                RequestEvent::Denied,
                "denied: the rules now deny it",
            )
            .await?;
            let text = format!("it was asked, and may no longer be approved: {reason}");
            return Err(Error::new(ErrorKind::Forbidden, "revoked", text).about(id));
        }
        Ok((row.quorum.max(decision.terms.quorum.unwrap_or(1)), asked))
    }

    /// Takes a waiting request back. The agent may take back its own, an operator who may decide any.
    ///
    /// # Errors
    /// `already_decided` when it no longer waits.
    pub async fn cancel(&self, cx: &OpCx, id: RequestId, note: String) -> Result<RequestView> {
        check_note(&note)?;
        if matches!(cx.principal, Principal::Agent { .. }) {
            cx.require(Permission::RequestCreate)?;
        } else {
            cx.require(Permission::RequestDecide)?;
            require_fresh_proof(cx)?;
        }
        let (row, _) = self.load(cx, id).await?;
        let is_over = match row.request.state {
            RequestState::Pending => false,
            RequestState::Approved => row.request.executor == ExecutorKind::Caller,
            _ => true,
        };
        if is_over {
            return Err(already_decided(id, row.request.state));
        }
        let outcome = if note.is_empty() {
            "cancelled".to_owned()
        } else {
            format!("cancelled: {note}")
        };
        let now = self
            .end_by(
                cx.principal.actor(),
                &row.request,
                RequestEvent::Cancelled,
                &outcome,
            )
            .await?;
        if now.state != RequestState::Cancelled {
            return Err(already_decided(id, now.state));
        }
        self.request(cx, id).await.map(|detail| detail.view)
    }

    /// Writes down what a human found out about an execution whose outcome was lost. It is never run again.
    ///
    /// # Errors
    /// `not_unknown` when its outcome is known.
    pub async fn settle(
        &self,
        cx: &OpCx,
        id: RequestId,
        has_succeeded: bool,
        note: String,
    ) -> Result<RequestView> {
        cx.require(Permission::RequestDecide)?;
        require_fresh_proof(cx)?;
        check_note(&note)?;
        let (row, _) = self.load(cx, id).await?;
        if row.request.state != RequestState::Unknown {
            return Err(not_unknown(id, row.request.state));
        }
        let event = if has_succeeded {
            RequestEvent::FoundSucceeded
        } else {
            RequestEvent::FoundFailed
        };
        let outcome = format!("settled by an operator: {note}");
        let now = self
            .end_by(cx.principal.actor(), &row.request, event, &outcome)
            .await?;
        if now.outcome.as_deref() != Some(outcome.as_str()) {
            return Err(not_unknown(id, now.state));
        }
        self.request(cx, id).await.map(|detail| detail.view)
    }
}

fn not_unknown(id: RequestId, state: RequestState) -> Error {
    let text =
        format!("only a request whose outcome is unknown can be settled; this one is {state}");
    Error::new(ErrorKind::Conflict, "not_unknown", text).about(id)
}

fn check_note(note: &str) -> Result<()> {
    if note.chars().count() > NOTE_LIMIT_CHARACTERS {
        return Err(Error::invalid(
            "note",
            format!("the note has more than {NOTE_LIMIT_CHARACTERS} characters"),
        ));
    }
    checks::characters("note", note)
}

pub(crate) fn check_pending(id: RequestId, state: RequestState) -> Result<()> {
    match state {
        RequestState::Pending => Ok(()),
        RequestState::Expired => Err(expired(id)),
        state => Err(already_decided(id, state)),
    }
}

pub(crate) fn already_decided(id: RequestId, state: RequestState) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "already_decided",
        format!("Request already {state}"),
    )
    .about(id)
}
