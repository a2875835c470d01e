//! Approvals: what a human says.

use axum::{Json as Document, extract::Path};
use countersign_domain::{Digest, VoteKind};
use countersign_gate::Ballot;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    actions::{ActionView, parse_id},
    standing::StandingBody,
};
use crate::{
    body::OptionalJson,
    caller::Caller,
    problem::{Problem, Result},
};

/// Words to a decision, and what it is about.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionBody {
    /// Why, for the ledger; at most 2,000 characters.
    #[serde(default, alias = "reason")]
    note: String,
    /// The `payload_hash` of what was looked at: another one is answered with 409 `payload_changed`, and nothing is decided.
    #[serde(default)]
    expected_payload_hash: Option<String>,
    /// What is allowed beyond this request; with an approval only.
    #[serde(default)]
    standing: Option<StandingBody>,
}

async fn decide(
    caller: &Caller,
    id: &str,
    kind: VoteKind,
    body: DecisionBody,
) -> Result<Document<ActionView>> {
    let id = parse_id(id)?;
    let seen = body
        .expected_payload_hash
        .as_deref()
        .map(digest)
        .transpose()?;
    let view = caller
        .gate
        .cast(
            caller.cx(),
            id,
            Ballot {
                note: body.note,
                seen,
                standing: body.standing.map(Into::into),
                ..Ballot::new(kind)
            },
        )
        .await?;
    Ok(Document(view.into()))
}

fn digest(text: &str) -> Result<Digest> {
    text.parse().map_err(|_| {
        Problem::invalid(
            "expected_payload_hash",
            "not a SHA-256 in hexadecimal: send the `payload_hash` that was shown",
        )
    })
}

/// Says yes. Who decides is the credential; nothing in the body can say otherwise.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/approve", tag = "approvals", request_body = Option<DecisionBody>,
    responses((status = 200, body = ActionView)))]
pub(crate) async fn approve(
    caller: Caller,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<DecisionBody>,
) -> Result<Document<ActionView>> {
    decide(&caller, &id, VoteKind::Approve, body).await
}

/// Says no.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/deny", tag = "approvals", request_body = Option<DecisionBody>,
    responses((status = 200, body = ActionView)))]
pub(crate) async fn deny(
    caller: Caller,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<DecisionBody>,
) -> Result<Document<ActionView>> {
    decide(&caller, &id, VoteKind::Deny, body).await
}
