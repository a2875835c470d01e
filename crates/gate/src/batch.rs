//! Deciding on many requests at once, with a second look.
//!
//! The first call decides nothing: it answers with exactly what would be decided and a confirmation for that. The second call brings the
//! confirmation. Invariants: what is confirmed is this operator's, these requests with these payloads, this word and this note, for ten
//! minutes; each request is decided by the same function as a single one, and has its own result.

use std::time::Duration;

use countersign_domain::{Digest, Permission, RequestId, RequestState, Timestamp, VoteKind};
use countersign_vault::constant_time_equal;
use serde::{Deserialize, Serialize};

use crate::{
    approvals::Ballot,
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    requests::RequestView,
    sessions::require_fresh_proof,
};

/// The most requests of one batch.
pub const BATCH_LIMIT: usize = 200;

/// How long a confirmation holds.
const CONFIRMATION_LIFETIME: Duration = Duration::from_mins(10);

/// One request of a batch, with what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    /// Which.
    pub id: RequestId,
    /// The `payload_hash` that was shown.
    pub payload_hash: Digest,
}

/// A batch to decide on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchDraft {
    /// Yes or no, to all of them.
    pub decision: VoteKind,
    /// Why.
    #[serde(default)]
    pub note: String,
    /// Which.
    pub items: Vec<BatchItem>,
    /// The confirmation of the first call's answer; without it nothing is decided.
    #[serde(default)]
    pub confirmation: Option<String>,
}

/// What would be decided.
#[derive(Debug)]
pub struct BatchPlan {
    /// To be sent with the same batch.
    pub confirmation: String,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// Each request, in the order of the batch, or why it can't be decided on.
    pub items: Vec<(RequestId, Result<RequestView>)>,
}

/// What came of one request.
pub type BatchOutcome = (RequestId, Result<RequestView>);

/// What a batch was answered with.
#[derive(Debug)]
pub enum BatchAnswer {
    /// Nothing was decided: look at it.
    Plan(BatchPlan),
    /// Each was decided on, or not, and why.
    Decided(Vec<BatchOutcome>),
}

fn not_confirmed() -> Error {
    let text = "this confirmation is not of this batch, or is older than ten minutes: send the batch without it and look at the answer";
    Error::new(ErrorKind::Conflict, "not_confirmed", text)
}

impl Gate {
    /// Decides on many requests: without a confirmation it says what would be decided, with it it decides.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`, `not_confirmed`. What is wrong with one request is that request's result.
    pub async fn decide_batch(&self, cx: &OpCx, draft: BatchDraft) -> Result<BatchAnswer> {
        cx.require(Permission::RequestDecide)?;
        if !matches!(cx.principal, Principal::Operator { .. }) {
            return Err(Error::forbidden("only an operator decides"));
        }
        require_fresh_proof(cx)?;
        if !(1..=BATCH_LIMIT).contains(&draft.items.len()) {
            let text = format!("a batch has 1 to {BATCH_LIMIT} requests");
            return Err(Error::invalid("items", text));
        }
        let mut ids: Vec<_> = draft.items.iter().map(|item| item.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != draft.items.len() {
            return Err(Error::invalid("items", "a request is in the batch twice"));
        }
        let Some(confirmation) = &draft.confirmation else {
            return Ok(BatchAnswer::Plan(self.plan_batch(cx, &draft).await));
        };
        self.check_confirmation(cx, &draft, confirmation)?;
        let mut outcomes = Vec::with_capacity(draft.items.len());
        for item in &draft.items {
            let ballot = Ballot {
                note: draft.note.clone(),
                seen: Some(item.payload_hash),
                ..Ballot::new(draft.decision)
            };
            outcomes.push((item.id, self.cast(cx, item.id, ballot).await));
        }
        Ok(BatchAnswer::Decided(outcomes))
    }

    async fn plan_batch(&self, cx: &OpCx, draft: &BatchDraft) -> BatchPlan {
        let mut items = Vec::with_capacity(draft.items.len());
        for item in &draft.items {
            items.push((item.id, self.planned(cx, *item).await));
        }
        let expires_at = self.now().saturating_add(CONFIRMATION_LIFETIME);
        BatchPlan {
            confirmation: self.confirmation(cx, draft, expires_at),
            expires_at,
            items,
        }
    }

    async fn planned(&self, cx: &OpCx, item: BatchItem) -> Result<RequestView> {
        let view = self.request(cx, item.id).await?.view;
        if view.request.payload_hash != item.payload_hash {
            let text = "its payload has another hash than what was looked at";
            return Err(Error::new(ErrorKind::Conflict, "payload_changed", text).about(item.id));
        }
        if view.request.state != RequestState::Pending {
            let text = format!("Request already {}", view.request.state);
            return Err(Error::new(ErrorKind::Conflict, "already_decided", text).about(item.id));
        }
        Ok(view)
    }

    /// The microseconds until which it holds, and the keyed hash of who, what and until when.
    fn confirmation(&self, cx: &OpCx, draft: &BatchDraft, expires_at: Timestamp) -> String {
        let mut bytes = Vec::with_capacity(64 + draft.note.len() + 48 * draft.items.len());
        bytes.extend_from_slice(cx.principal.actor().uuid().unwrap_or_default().as_bytes());
        bytes.extend_from_slice(&expires_at.as_micros().to_be_bytes());
        bytes.extend_from_slice(draft.decision.as_str().as_bytes());
        bytes.extend_from_slice(&(draft.note.len() as u64).to_be_bytes());
        bytes.extend_from_slice(draft.note.as_bytes());
        for item in &draft.items {
            bytes.extend_from_slice(item.id.as_bytes());
            bytes.extend_from_slice(&item.payload_hash.0);
        }
        let mac = self
            .inner
            .workspace
            .vault
            .mac_for("batch-confirmation")
            .mac(&bytes);
        format!("{}.{}", expires_at.as_micros(), Digest(mac))
    }

    fn check_confirmation(&self, cx: &OpCx, draft: &BatchDraft, given: &str) -> Result<()> {
        let micros = given
            .split_once('.')
            .and_then(|(micros, _)| micros.parse().ok())
            .ok_or_else(not_confirmed)?;
        let expires_at = Timestamp::from_micros(micros);
        let expected = self.confirmation(cx, draft, expires_at);
        let is_ours = constant_time_equal(expected.as_bytes(), given.as_bytes());
        if is_ours && self.now() < expires_at {
            Ok(())
        } else {
            Err(not_confirmed())
        }
    }
}
