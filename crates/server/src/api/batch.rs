//! Deciding on many requests at once, with a second look.

use axum::Json as Document;
use countersign_domain::{Digest, RequestId, VoteKind};
use countersign_gate::{BatchAnswer, BatchDraft, BatchItem, BatchOutcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{actions::ActionView, words};
use crate::{body::Json, caller::Caller, problem::Result};

/// One request of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchItemBody {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    /// The `payload_hash` that was shown.
    #[schema(value_type = String)]
    expected_payload_hash: Digest,
}

/// A batch to decide on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchBody {
    /// Yes or no, to all of them.
    #[schema(value_type = words::VoteKind)]
    decision: VoteKind,
    /// Why, for the ledger; at most 2,000 characters.
    #[serde(default)]
    note: String,
    /// 1 to 200 requests.
    items: Vec<BatchItemBody>,
    /// The `confirmation` of the first call's answer. Without it nothing is decided.
    #[serde(default)]
    confirmation: Option<String>,
}

/// What would be decided, or what was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchView {
    /// Whether it was decided; otherwise the same batch with `confirmation` decides it.
    is_decided: bool,
    /// What confirms exactly this; `null` once it is decided.
    confirmation: Option<String>,
    /// Until when the confirmation holds.
    expires_at: Option<String>,
    /// Each request, in the order of the batch.
    items: Vec<BatchItemView>,
}

/// One request of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchItemView {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    /// The request; `null` where there is a problem.
    action: Option<ActionView>,
    /// Why it can't be, or was not, decided on.
    problem: Option<BatchProblem>,
}

/// Why one request of a batch was not decided on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchProblem {
    /// The stable code: `already_decided`, `payload_changed`, `not_found` ...
    code: &'static str,
    /// For people.
    detail: String,
}

impl From<BatchOutcome> for BatchItemView {
    fn from((id, outcome): BatchOutcome) -> Self {
        match outcome {
            Ok(view) => Self {
                id,
                action: Some(view.into()),
                problem: None,
            },
            Err(error) => Self {
                id,
                action: None,
                problem: Some(BatchProblem {
                    code: error.code,
                    detail: error.to_string(),
                }),
            },
        }
    }
}

/// Decides on many requests. The first call decides nothing and answers with what would be decided and a confirmation of exactly that;
/// the second call brings the confirmation, and each request has its own result.
#[utoipa::path(post, path = "/api/v1/approvals/batch", tag = "approvals", request_body = BatchBody, responses((status = 200, body = BatchView)))]
pub(crate) async fn decide_batch(
    caller: Caller,
    Json(body): Json<BatchBody>,
) -> Result<Document<BatchView>> {
    let items = body.items.into_iter().map(|item| BatchItem {
        id: item.id,
        payload_hash: item.expected_payload_hash,
    });
    let draft = BatchDraft {
        decision: body.decision,
        note: body.note,
        items: items.collect(),
        confirmation: body.confirmation,
    };
    let view = match caller.gate.decide_batch(caller.cx(), draft).await? {
        BatchAnswer::Plan(plan) => BatchView {
            is_decided: false,
            confirmation: Some(plan.confirmation),
            expires_at: Some(plan.expires_at.to_string()),
            items: plan.items.into_iter().map(Into::into).collect(),
        },
        BatchAnswer::Decided(outcomes) => BatchView {
            is_decided: true,
            confirmation: None,
            expires_at: None,
            items: outcomes.into_iter().map(Into::into).collect(),
        },
    };
    Ok(Document(view))
}
