//! Permit, execution, outcome: the only place that calls an executor.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use countersign_domain::{
    AuditEntry, Decision, DurabilityClass, Effect, EntryId, OperatorId, Permission, Request,
    RequestEvent, RequestId, RequestState, Tally, Timestamp, Verdict, Vote, decide, tally,
};
use countersign_store::{Tx, requests, results};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    connector::{ExecutionError, ExecutionFailure, ExecutionReply},
    context::OpCx,
    error::{Error, ErrorKind, Result},
    evidence::{Evidence, EvidenceWriter},
    execution::ExecutionCx,
    gate::Gate,
    lease::CredentialLease,
    permit::ExecutionPermit,
    record::{Opening, REMEMBERED, Record, epoch_moved},
    reply::{
        Gathered, GuardedBody, Masked, OutputTap, ReplyBody, SHORT_REPLY_BYTES, SHORT_REPLY_TIME,
        gather, join, mask_headers,
    },
    requests::StoredResult,
    resolve::{Asked, stale},
    running::Registration,
    snapshot::Snapshot,
    submit::{DECISION_ATTEMPTS, Reply, killed, wait_for_snapshot},
};

/// The longest body that is kept for an idempotent replay.
pub(crate) const REPLAY_BYTES: usize = 1 << 20;

/// What happens to the body beside being passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// Nothing is kept.
    Nothing,
    /// Kept if it is no longer than this; passed on either way.
    UpTo(usize),
    /// Kept whole; longer is an error.
    Whole(usize),
}

impl Keep {
    const fn bytes(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::UpTo(bytes) | Self::Whole(bytes) => bytes,
        }
    }
}

/// How much of the action is on disk.
enum Ledgered {
    /// Nothing yet: a read, whose one entry is written with its outcome.
    Nothing(Box<Opening>, EvidenceWriter),
    /// The intent.
    Intent,
}

impl Gate {
    /// Carries out what a decision has just allowed. The request has not been seen by the store yet.
    pub(crate) async fn carry_out_allowed(
        &self,
        epoch: u64,
        asked: Asked,
        decision: Decision,
    ) -> Result<Reply> {
        let keep = if asked.idempotency_key.is_some() {
            Keep::UpTo(REPLAY_BYTES)
        } else {
            Keep::Nothing
        };
        let id = EntryId::new(self.inner.clock.uuid());
        let mut row = self.opening_row(&asked, &decision, RequestState::Executing, id);
        row.request.instance = Some(self.instance());
        let is_read = asked.durability == DurabilityClass::Read;
        let kind = if is_read {
            "action.executed"
        } else {
            "action.intent"
        };
        let mut entry = AuditEntry {
            id,
            ..self.entry_about(&row.request, asked.asked_by, kind, asked.facts.at)
        };
        let writer = self.opening_evidence(&asked, &decision, &mut entry);
        let idempotency = crate::record::idempotency_row(&asked);
        let request = row.request.clone();
        let mut opening = Opening {
            row,
            record: Record {
                entry,
                sealed: None,
            },
            idempotency,
            epoch: Some(epoch),
        };
        if is_read {
            return self
                .carry_out(
                    asked,
                    request,
                    Ledgered::Nothing(Box::new(opening), writer),
                    keep,
                )
                .await;
        }
        opening.record.sealed = Some(writer.seal(&self.inner.workspace.vault, id));
        let standing = decision.satisfied_by;
        self.inner
            .workspace
            .store
            .write(move |tx| {
                opening.write(tx)?;
                match standing {
                    Some(standing) if !countersign_store::standing::take_use(tx, standing)? => {
                        Err(used_up())
                    }
                    _ => Ok(()),
                }
            })
            .await?;
        self.carry_out(asked, request, Ledgered::Intent, keep).await
    }

    /// Carries out a request that a human has approved: revalidates it, takes the permit, executes, and keeps the result.
    ///
    /// # Errors
    /// `not_approved`, `expired`, `stale`, `revoked`, `killed`, or what the target did.
    pub async fn execute(&self, cx: &OpCx, id: RequestId) -> Result<Reply> {
        cx.require(Permission::RequestCreate)?;
        for attempt in 1..=DECISION_ATTEMPTS {
            match self.execute_once(cx, id).await {
                Err(error) if error.code == "epoch_moved" => wait_for_snapshot(attempt).await,
                other => return other,
            }
        }
        Err(epoch_moved().about(id))
    }

    async fn execute_once(&self, cx: &OpCx, id: RequestId) -> Result<Reply> {
        let snapshot = self.fresh_snapshot()?;
        let (row, votes, sealed) = self.load(cx, id).await?;
        let request = row.request;
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
        asked.facts.permissions = cx.principal.permissions();
        let decision = decide(&snapshot.policy, &asked.facts);
        if let Some(reason) = refusal(&snapshot, &decision, row.quorum, &votes) {
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
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                if tx.epoch()? != epoch {
                    return Err(epoch_moved());
                }
                if !requests::transition(tx, id, RequestState::Approved, to, &change)? {
                    let state = requests::find(tx, id)?
                        .map_or(RequestState::Unknown, |row| row.request.state);
                    return Err(not_approved(id, state));
                }
                tx.append_entry(entry.clone())?;
                Ok(())
            })
            .await?;
        Ok(Request {
            state: to,
            instance: Some(self.instance()),
            deadline: None,
            changed_at: at,
            ..request
        })
    }

    /// Lease, permit, executor, mask, record. Everything that can stop it from here on goes through the guard.
    async fn carry_out(
        &self,
        asked: Asked,
        request: Request,
        ledgered: Ledgered,
        keep: Keep,
    ) -> Result<Reply> {
        let id = request.id;
        let risk = request.risk;
        let registration =
            self.inner
                .running
                .register(id, request.agent, request.key, request.target);
        let limits = asked.target.limits;
        let total = Duration::from_millis(limits.total_millis);
        let cx = ExecutionCx::new(
            registration.token().clone(),
            limits,
            asked.target.allow_private_network,
        );
        let mut guard = ExecutionGuard::new(
            self.clone(),
            request,
            ledgered,
            keep,
            cx.clone(),
            registration,
        );
        // A switch that was pulled after the decision and before the registration has found nothing to cancel: look again.
        if let Some(stopped) = self.stopped(&asked) {
            guard.finish_failed(&cancelled()).await?;
            return Err(stopped.about(id));
        }
        let lease = match asked
            .credential
            .as_deref()
            .map(|credential| CredentialLease::open(&self.inner.workspace.vault, credential))
        {
            Some(Err(error)) => {
                guard.finish_failed(&unreadable()).await?;
                return Err(error.about(id));
            }
            Some(Ok(lease)) => Some(lease),
            None => None,
        };
        let masker = lease.as_ref().map(CredentialLease::masker);
        let executor = asked.connector.executor();
        let permit = ExecutionPermit::new(
            id,
            Arc::clone(&asked.target),
            Arc::clone(&asked.profile),
            asked.payload,
        );
        let execution = executor.execute(permit, lease, &cx);
        let executed = tokio::select! {
            biased;
            () = cx.cancellation().cancelled() => Err(cancelled()),
            executed = tokio::time::timeout(total, execution) => executed.unwrap_or_else(|_| Err(too_slow())),
        };
        let ExecutionReply {
            status,
            mut headers,
            body,
        } = match executed {
            Ok(reply) => reply,
            Err(error) => {
                guard.finish_failed(&error).await?;
                return Err(target_error(error).about(id));
            }
        };
        mask_headers(masker.as_ref(), &mut headers);
        guard.see_head(status, &headers);
        let mut masked = Masked::new(body, masker);
        let (bytes, within) = match keep {
            Keep::Whole(bytes) => (bytes, total),
            Keep::Nothing | Keep::UpTo(_) => (SHORT_REPLY_BYTES, SHORT_REPLY_TIME),
        };
        let gathered = tokio::select! {
            biased;
            () = cx.cancellation().cancelled() => Gathered::Broken(cancelled()),
            gathered = gather(&mut masked, bytes, Some(within)) => gathered,
        };
        let body = match gathered {
            Gathered::Whole(pieces) => {
                let body = join(pieces);
                guard.tap_output(&body);
                guard.finish_whole().await?;
                ReplyBody::Full(body)
            }
            Gathered::Part(_) if matches!(keep, Keep::Whole(_)) => {
                let error = too_large_to_keep(bytes);
                guard.finish_broken(&error).await?;
                return Err(target_error(error).about(id));
            }
            Gathered::Part(pieces) => {
                guard.record_intent().await?;
                pieces.iter().for_each(|piece| guard.tap_output(piece));
                ReplyBody::Stream(GuardedBody::new(pieces, masked, guard))
            }
            Gathered::Broken(error) => {
                guard.finish_broken(&error).await?;
                return Err(target_error(error).about(id));
            }
        };
        Ok(Reply {
            request: id,
            status,
            headers,
            body,
            is_replay: false,
            risk,
        })
    }

    /// Whether something stands in the way that was not there when it was decided.
    fn stopped(&self, asked: &Asked) -> Option<Error> {
        let snapshot = self.snapshot();
        if let Some(kill) = snapshot.kill.stops(asked.agent.id, asked.target.id) {
            return Some(killed(kill));
        }
        let key = snapshot.keys.get(asked.key?)?;
        let text = "the key that asked has been revoked";
        (!key.is_live(self.now())).then(|| Error::new(ErrorKind::Forbidden, "revoked", text))
    }
}

/// Why an approved request may no longer run; `None` if it may.
fn refusal(
    snapshot: &Snapshot,
    decision: &Decision,
    quorum: u32,
    votes: &[Vote],
) -> Option<String> {
    match decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny => Some(decision.made_by().reason.clone().into_owned()),
        Verdict::Ask => {
            let entitled: Vec<Vote> = votes
                .iter()
                .filter(|vote| may_decide(snapshot, vote.operator))
                .cloned()
                .collect();
            match tally(quorum, &entitled) {
                Tally::Approved => None,
                Tally::Open { .. } | Tally::Denied => {
                    Some("who approved it may no longer decide".to_owned())
                }
            }
        }
    }
}

/// Whether an operator who has voted is still one who may.
fn may_decide(snapshot: &Snapshot, operator: OperatorId) -> bool {
    snapshot.operators.get(operator).is_some_and(|operator| {
        operator.disabled_at.is_none()
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

fn used_up() -> Error {
    let text = "the standing approval that answered this was used up at the same moment; ask again";
    Error::new(ErrorKind::Conflict, "standing_approval_used_up", text)
}

fn not_approved(id: RequestId, state: RequestState) -> Error {
    let text = format!("only an approved request can be executed, once; this one is {state}");
    Error::new(ErrorKind::Conflict, "not_approved", text).about(id)
}

pub(crate) fn cancelled() -> ExecutionError {
    let message = "the execution was stopped by an operator or by shutdown".to_owned();
    ExecutionError {
        failure: ExecutionFailure::Cancelled,
        code: "killed",
        message,
        limit: None,
    }
}

fn unreadable() -> ExecutionError {
    let message = "the credential can't be decrypted".to_owned();
    ExecutionError {
        failure: ExecutionFailure::Refused,
        code: "credential_unreadable",
        message,
        limit: None,
    }
}

fn too_slow() -> ExecutionError {
    let message = "the target did not answer within the whole time of a call".to_owned();
    ExecutionError {
        failure: ExecutionFailure::Timeout,
        code: "total_timeout",
        message,
        limit: Some("total_millis"),
    }
}

fn too_large_to_keep(bytes: usize) -> ExecutionError {
    let message = format!(
        "the answer is longer than the {bytes} bytes that can be kept for an executed approval"
    );
    ExecutionError {
        failure: ExecutionFailure::TooLarge,
        code: "response_too_large",
        message,
        limit: Some("kept_response_bytes"),
    }
}

/// What the one who asked is told when the target failed.
pub(crate) fn target_error(error: ExecutionError) -> Error {
    let kind = match error.failure {
        ExecutionFailure::Timeout => ErrorKind::TargetTimeout,
        ExecutionFailure::Cancelled => ErrorKind::Forbidden,
        ExecutionFailure::Refused
        | ExecutionFailure::Unreachable
        | ExecutionFailure::TooLarge
        | ExecutionFailure::BadReply => ErrorKind::TargetFailed,
    };
    Error {
        limit: error.limit,
        ..Error::new(kind, error.code, error.message)
    }
}

/// Makes sure that an execution leaves its outcome, whatever happens to the one who waits for it.
///
/// INVARIANT: exactly one outcome is posted per guard. `Drop` posts it synchronously (the unit is queued, not awaited), so that a
/// client that goes away at any moment loses nothing.
pub(crate) struct ExecutionGuard {
    gate: Gate,
    request: Request,
    ledgered: Ledgered,
    keep: Keep,
    cx: ExecutionCx,
    registration: Registration,
    /// Evidence of the outcome: the opening's own where there was no intent, else a new one.
    outcome: EvidenceWriter,
    head: Option<(u16, Value)>,
    tap: OutputTap,
    is_finished: bool,
}

impl ExecutionGuard {
    fn new(
        gate: Gate,
        request: Request,
        ledgered: Ledgered,
        keep: Keep,
        cx: ExecutionCx,
        registration: Registration,
    ) -> Self {
        let evidence_bytes = evidence_bytes(&gate);
        let outcome = EvidenceWriter::new();
        let committer = match &ledgered {
            Ledgered::Nothing(_, opening) => opening.output_committer(),
            Ledgered::Intent => outcome.output_committer(),
        };
        let tap = OutputTap::new(committer, keep.bytes().max(evidence_bytes));
        Self {
            gate,
            request,
            ledgered,
            keep,
            cx,
            registration,
            outcome,
            head: None,
            tap,
            is_finished: false,
        }
    }

    pub(crate) fn request(&self) -> RequestId {
        self.request.id
    }

    pub(crate) fn cancellation(&self) -> &CancellationToken {
        self.registration.token()
    }

    pub(crate) fn tap_output(&mut self, bytes: &Bytes) {
        self.tap.see(bytes);
    }

    fn see_head(&mut self, status: u16, headers: &HeaderMap) {
        let mut fields = Map::new();
        for (name, value) in headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match fields.get_mut(name.as_str()) {
                Some(Value::String(first)) => *first = format!("{first}, {text}"),
                _ => {
                    fields.insert(name.as_str().to_owned(), Value::String(text));
                }
            }
        }
        self.head = Some((status, Value::Object(fields)));
    }

    /// A read that turns out to be long gets its intent before its first byte leaves.
    async fn record_intent(&mut self) -> Result<()> {
        if let Ledgered::Nothing(opening, writer) = &mut self.ledgered {
            opening.record.entry.kind = "action.intent".to_owned();
            opening.record.sealed =
                Some(writer.seal(&self.gate.inner.workspace.vault, opening.record.entry.id));
            let Ledgered::Nothing(opening, writer) =
                std::mem::replace(&mut self.ledgered, Ledgered::Intent)
            else {
                return Ok(());
            };
            // The output's commitment was begun under the opening's salt; nothing has been seen yet, so it can begin again.
            drop(writer);
            let keep_bytes = self.keep.bytes().max(evidence_bytes(&self.gate));
            self.tap = OutputTap::new(self.outcome.output_committer(), keep_bytes);
            let store = self.gate.inner.workspace.store.clone();
            if let Err(error) = store.write(move |tx| opening.write(tx)).await {
                // Nothing is on disk, so there is no row that an outcome could belong to.
                self.is_finished = true;
                return Err(error);
            }
        }
        Ok(())
    }

    /// It ended as it should: succeeded or failed by the target's word.
    pub(crate) async fn finish_whole(&mut self) -> Result<()> {
        let status = self.head.as_ref().map_or(0, |(status, _)| *status);
        self.post(by_status(status), format!("http_{status}")).await
    }

    /// The body broke off.
    pub(crate) async fn finish_broken(&mut self, error: &ExecutionError) -> Result<()> {
        let event = self.broken_event(error.failure);
        self.post(event, error.code.to_owned()).await
    }

    /// There is no reply.
    async fn finish_failed(&mut self, error: &ExecutionError) -> Result<()> {
        let event = self.failed_event(error.failure);
        self.post(event, error.code.to_owned()).await
    }

    /// After the head: the target has spoken, so its word counts, unless somebody stopped it. A read that broke off has failed.
    fn broken_event(&self, failure: ExecutionFailure) -> RequestEvent {
        match (failure, &self.head) {
            (ExecutionFailure::Cancelled, _) | (_, None) => self.failed_event(failure),
            _ if self.request.effect == Effect::Read => RequestEvent::Failed,
            (_, Some((status, _))) => by_status(*status),
        }
    }

    /// Before the head: what was never sent has failed; what may have been sent is unknown, unless it could change nothing.
    fn failed_event(&self, failure: ExecutionFailure) -> RequestEvent {
        match (failure, self.cx.is_sent()) {
            (ExecutionFailure::Cancelled, false) => RequestEvent::KilledUnsent,
            (ExecutionFailure::Cancelled, true) => RequestEvent::Lost,
            (_, false) => RequestEvent::Failed,
            (_, true) if self.request.effect == Effect::Read => RequestEvent::Failed,
            (_, true) => RequestEvent::Lost,
        }
    }

    async fn post(&mut self, event: RequestEvent, outcome: String) -> Result<()> {
        let unit = self.unit(event, outcome)?;
        self.gate.inner.workspace.store.write(unit).await
    }

    /// The outcome as a unit of work. From here on the guard has posted.
    fn unit(
        &mut self,
        event: RequestEvent,
        outcome: String,
    ) -> Result<impl FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static> {
        self.is_finished = true;
        let at = self.gate.now();
        let state = after(RequestState::Executing, event)?;
        self.gate.inner.counters.count_outcome(state);
        let vault = self.gate.inner.workspace.vault.clone();
        let evidence_bytes = evidence_bytes(&self.gate);
        let result = self.kept_result(at);
        let output = self.head.take().map(|(status, headers)| {
            let kept = &self.tap.kept()[..self.tap.kept().len().min(evidence_bytes)];
            (json!({ "status": status, "headers": headers, "body_bytes": self.tap.total_bytes() }), kept)
        });
        let commitment = output.is_some().then(|| self.tap.commitment());
        let id = self.request.id;
        let change = requests::Transition {
            at,
            outcome: Some(outcome.clone()),
            ..Default::default()
        };
        let (opening, record) = match std::mem::replace(&mut self.ledgered, Ledgered::Intent) {
            Ledgered::Nothing(mut opening, mut writer) => {
                if let Some((head, kept)) = &output {
                    writer.output(head, kept);
                }
                let request = &mut opening.row.request;
                (
                    request.state,
                    request.outcome,
                    request.changed_at,
                    request.instance,
                ) = (state, Some(outcome.clone()), at, None);
                // What the record of a read says is what happened; whether it may happen was decided before.
                opening.epoch = None;
                opening.record.entry.output = commitment;
                opening.record.entry.outcome = Some(outcome);
                opening.record.sealed = Some(writer.seal(&vault, opening.record.entry.id));
                (Some(opening), None)
            }
            Ledgered::Intent => {
                let actor = self.request.asked_by;
                let mut entry = self
                    .gate
                    .entry_about(&self.request, actor, "action.outcome", at);
                entry.outcome = Some(outcome);
                entry.output = commitment;
                let sealed = output.as_ref().map(|(head, kept)| {
                    self.outcome.output(head, kept);
                    self.outcome.seal(&vault, entry.id)
                });
                (None, Some(Record { entry, sealed }))
            }
        };
        Ok(move |tx: &mut Tx<'_>| -> Result<()> {
            if let Some(opening) = &opening {
                opening.write(tx)?;
            }
            if let Some(record) = &record {
                if !requests::transition(tx, id, RequestState::Executing, state, &change)? {
                    // Another replica has taken this one for dead and marked it unknown: that stands, and the entry says more.
                    tracing::warn!(request = %id, "an outcome came after the request had been marked unknown");
                }
                record.write(tx)?;
            }
            if let Some(sealed) = &result {
                results::insert(tx, id, sealed, at.saturating_add(REMEMBERED))?;
            }
            Ok(())
        })
    }

    /// The result for whoever fetches it later, where the whole of it is there.
    fn kept_result(&self, _at: Timestamp) -> Option<Vec<u8>> {
        let (status, headers) = self.head.as_ref()?;
        let is_whole = self.tap.total_bytes() == self.tap.kept().len() as u64;
        if self.keep == Keep::Nothing || !is_whole || self.tap.kept().len() > self.keep.bytes() {
            return None;
        }
        let body = Bytes::copy_from_slice(self.tap.kept());
        let result = StoredResult {
            status: *status,
            headers: headers.clone(),
            body,
        };
        Some(result.seal(&self.gate.inner.workspace.vault, self.request.id))
    }
}

/// How much of an output is kept as evidence.
fn evidence_bytes(gate: &Gate) -> usize {
    usize::try_from(gate.snapshot().settings.evidence_body_bytes).unwrap_or(usize::MAX)
}

const fn by_status(status: u16) -> RequestEvent {
    if status < 400 {
        RequestEvent::Succeeded
    } else {
        RequestEvent::Failed
    }
}

impl Drop for ExecutionGuard {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let (event, outcome) = match &self.head {
            // The answer had begun: the target's word stands, only the rest of the body has no reader.
            Some((status, _)) => (by_status(*status), "reply_abandoned"),
            None => (
                self.failed_event(ExecutionFailure::Unreachable),
                "client_gone",
            ),
        };
        match self.unit(event, outcome.to_owned()) {
            Ok(unit) => drop(self.gate.inner.workspace.store.submit_write(unit)),
            Err(error) => {
                tracing::error!(%error, "the outcome of an abandoned execution could not be put together")
            }
        }
    }
}
