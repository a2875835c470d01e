//! The guard that makes sure an execution leaves its outcome.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use countersign_domain::{
    AuditEntry, Effect, Request, RequestEvent, RequestId, RequestState, RiskScore, Timestamp,
};
use countersign_store::{Tx, requests, results};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    connector::{ExecutionError, ExecutionFailure},
    error::Result,
    evidence::EvidenceWriter,
    execute::after,
    execution::ExecutionCx,
    gate::Gate,
    intent::Intent,
    record::{Opening, REMEMBERED, Record},
    reply::OutputTap,
    requests::StoredResult,
    running::Registration,
    scan::{self, INLINE_BYTES, LONGEST_SECRET_BYTES, OutputWatch},
};

/// The longest body that is kept for an idempotent replay.
pub(crate) const REPLAY_BYTES: usize = 1 << 20;

/// What happens to the body beside being passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
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
pub(crate) enum Ledgered {
    /// Nothing yet: a read, whose one entry is written with its outcome.
    Nothing(Box<Opening>, EvidenceWriter),
    /// The intent.
    Intent,
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
    /// Evidence of an outcome that has an intent before it; a read without one writes into its opening's.
    outcome: Option<EvidenceWriter>,
    head: Option<(u16, Value)>,
    tap: OutputTap,
    watch: OutputWatch,
    /// The kept beginning with marks in place of what looks like a secret, where it was made ahead.
    redacted: Option<Bytes>,
    /// Whether the body has ended as the target meant it to.
    is_whole: bool,
    is_finished: bool,
}

impl ExecutionGuard {
    pub(crate) fn new(
        gate: Gate,
        request: Request,
        ledgered: Ledgered,
        keep: Keep,
        cx: ExecutionCx,
        registration: Registration,
        watch: OutputWatch,
    ) -> Self {
        let kept_bytes = kept_bytes(&gate, keep, &watch);
        let mut outcome = None;
        let committer = match &ledgered {
            Ledgered::Nothing(_, opening) => opening.output_committer(),
            Ledgered::Intent => outcome.insert(EvidenceWriter::new()).output_committer(),
        };
        let tap = OutputTap::new(committer, kept_bytes);
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
            watch,
            redacted: None,
            is_whole: false,
            is_finished: false,
        }
    }

    pub(crate) fn request(&self) -> RequestId {
        self.request.id
    }

    pub(crate) fn risk(&self) -> RiskScore {
        self.request.risk
    }

    pub(crate) fn cancellation(&self) -> &CancellationToken {
        self.registration.token()
    }

    pub(crate) fn tap_output(&mut self, bytes: &Bytes) {
        self.tap.see(bytes);
        self.watch.see(bytes);
    }

    /// What looks at the reply.
    pub(crate) fn watch(&self) -> &OutputWatch {
        &self.watch
    }

    /// Looks at the beginning of a body that is passed on as it comes, before any of it leaves.
    pub(crate) async fn look_at(&mut self, pieces: &[Bytes]) {
        let wanted = self.watch.wanted_bytes();
        let mut beginning = Vec::new();
        for piece in pieces {
            let room = wanted.saturating_sub(beginning.len());
            beginning.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        self.watch.look(&beginning, false).await;
        self.taint();
    }

    /// Whether some of a body that still comes has not been looked at.
    pub(crate) fn has_unseen(&self) -> bool {
        self.watch.has_unseen(self.tap.kept().len())
    }

    /// Looks at a body that still comes where enough of it is new.
    pub(crate) async fn look_on_if_due(&mut self) {
        if self.watch.is_due(self.tap.kept().len()) {
            self.watch.look_on(self.tap.kept()).await;
            self.taint();
        }
    }

    /// Looks at what has come of a body: a target must not keep its reader untainted by never ending it.
    pub(crate) async fn look_on(&mut self) {
        self.watch.look(self.tap.kept(), false).await;
        self.taint();
    }

    /// How much of the kept body becomes evidence.
    fn evidence_end(&self) -> usize {
        let most = evidence_bytes(&self.gate);
        self.watch.cut_before_secret(self.tap.kept(), most)
    }

    /// Taints the agent before it reads on.
    fn taint(&self) {
        if let Some(minutes) = self.watch.taints() {
            let until = self
                .gate
                .now()
                .saturating_add(Duration::from_mins(u64::from(minutes)));
            self.gate.inner.taints.taint(self.request.agent, until);
        }
    }

    /// Looks at what is kept of the body, and takes what looks like a secret out of what becomes evidence.
    async fn prepare(&mut self) {
        self.watch.look(self.tap.kept(), true).await;
        let part = &self.tap.kept()[..self.evidence_end()];
        if part.len() > INLINE_BYTES {
            let kept = Bytes::copy_from_slice(part);
            // Where it fails it is made again below, on this thread.
            self.redacted = self.watch.redacted_long(kept).await.ok();
        }
    }

    /// The entry about what was found in the reply.
    fn found_entry(&self, at: Timestamp) -> Option<AuditEntry> {
        let finding = self.watch.worth_telling()?;
        let actor = self.request.asked_by;
        let mut entry = self.gate.entry_about(&self.request, actor, scan::FOUND, at);
        let taint = self
            .watch
            .taints()
            .map_or_else(String::new, scan::outcome_words);
        entry.verdict = None;
        entry.rule = Some("threat".to_owned());
        entry.outcome = Some(format!("{taint}{}", finding.reason));
        Some(entry.bounded())
    }

    pub(crate) fn see_head(&mut self, status: u16, headers: &HeaderMap) {
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
    pub(crate) async fn record_intent(&mut self) -> Result<()> {
        if let Ledgered::Nothing(opening, writer) = &mut self.ledgered {
            "action.intent".clone_into(&mut opening.record.entry.kind);
            opening.record.sealed =
                Some(writer.seal(&self.gate.inner.workspace.vault, opening.record.entry.id));
            // It has begun: a change of the configuration since the decision can't make it undone, nor have it done twice.
            opening.epoch = None;
            let Ledgered::Nothing(opening, writer) =
                std::mem::replace(&mut self.ledgered, Ledgered::Intent)
            else {
                return Ok(());
            };
            // The output's commitment was begun under the opening's salt; nothing has been seen yet, so it can begin again.
            drop(writer);
            let keep_bytes = kept_bytes(&self.gate, self.keep, &self.watch);
            let outcome = self.outcome.insert(EvidenceWriter::new());
            self.tap = OutputTap::new(outcome.output_committer(), keep_bytes);
            let store = self.gate.inner.workspace.store.clone();
            let write = async move { store.write(move |tx| opening.write(tx)).await };
            // While it is written the intent looks after itself; if it fails there is no row that an outcome could belong to.
            self.is_finished = true;
            Intent::new(&self.gate, self.request.clone(), write).await?;
            self.is_finished = false;
        }
        Ok(())
    }

    /// It ended as it should: succeeded or failed by the target's word.
    pub(crate) async fn finish_whole(&mut self) -> Result<()> {
        let status = self.head.as_ref().map_or(0, |(status, _)| *status);
        self.is_whole = true;
        self.post(by_status(status), format!("http_{status}")).await
    }

    /// The body broke off.
    pub(crate) async fn finish_broken(&mut self, error: &ExecutionError) -> Result<()> {
        let event = self.broken_event(error.failure);
        self.post(event, error.code.to_owned()).await
    }

    /// There is no reply.
    pub(crate) async fn finish_failed(&mut self, error: &ExecutionError) -> Result<()> {
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
        // Whoever goes away meanwhile drops the guard, which posts.
        self.prepare().await;
        let unit = self.unit(event, outcome)?;
        // Queued at once: an outcome is never lost to a caller that goes away while it waits for a place in the queue.
        self.gate
            .inner
            .workspace
            .store
            .submit_write(unit)
            .wait()
            .await
    }

    /// The outcome as a unit of work. From here on the guard has posted.
    fn unit(
        &mut self,
        event: RequestEvent,
        outcome: String,
    ) -> Result<impl FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static> {
        self.is_finished = true;
        let at = self.gate.now();
        self.watch.look_now(self.tap.kept());
        self.watch.conclude();
        self.taint();
        let found = self.found_entry(at);
        let state = after(RequestState::Executing, event)?;
        self.gate.inner.counters.count_outcome(state);
        let vault = self.gate.inner.workspace.vault.clone();
        let result = self.kept_result();
        let evidence_end = self.evidence_end();
        let output = self.head.take().map(|(status, headers)| {
            let kept = &self.tap.kept()[..evidence_end];
            let shown = match &self.redacted {
                Some(redacted) => Cow::Owned(redacted.to_vec()),
                None => self.watch.redacted(kept),
            };
            let headers = self.watch.redacted_texts(headers);
            let mut head = json!({ "status": status, "headers": headers, "body_bytes": self.tap.total_bytes() });
            if *shown != *kept {
                head["redacted"] = true.into();
            }
            if !self.watch.findings().is_empty() {
                head["findings"] = json!(self.watch.findings());
                head["excerpts"] = json!(self.watch.excerpts());
            }
            (head, shown)
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
                    let outcome = self.outcome.get_or_insert_with(EvidenceWriter::new);
                    outcome.output(head, kept);
                    outcome.seal(&vault, entry.id)
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
            if let Some(found) = &found {
                tx.append_entry(found.clone())?;
            }
            if let Some(sealed) = &result {
                results::insert(tx, id, sealed, at.saturating_add(REMEMBERED))?;
            }
            Ok(())
        })
    }

    /// The result for whoever fetches it later, where the whole of it is there.
    fn kept_result(&self) -> Option<Vec<u8>> {
        let (status, headers) = self.head.as_ref()?;
        let is_kept = self.tap.total_bytes() == self.tap.kept().len() as u64;
        if self.keep == Keep::Nothing
            || !self.is_whole
            || !is_kept
            || self.tap.kept().len() > self.keep.bytes()
        {
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

/// How much of an output is kept in memory.
fn kept_bytes(gate: &Gate, keep: Keep, watch: &OutputWatch) -> usize {
    keep.bytes()
        .max(evidence_bytes(gate).saturating_add(LONGEST_SECRET_BYTES))
        .max(watch.wanted_bytes())
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
            _ if self.cancellation().is_cancelled() => {
                (self.failed_event(ExecutionFailure::Cancelled), "killed")
            }
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
                tracing::error!(%error, "the outcome of an abandoned execution could not be put together");
            }
        }
    }
}
