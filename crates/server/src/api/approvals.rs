//! Approvals: what a human says.

use axum::{Json as Document, extract::Path};
use countersign_domain::VoteKind;

use super::actions::{ActionView, NoteBody, parse_id};
use crate::{body::OptionalJson, caller::Caller, problem::Result};

/// Says yes. Who decides is the credential; nothing in the body can say otherwise.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/approve", tag = "approvals", request_body = Option<NoteBody>,
    responses((status = 200, body = ActionView)))]
pub(crate) async fn approve(
    caller: Caller,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<NoteBody>,
) -> Result<Document<ActionView>> {
    Ok(Document(
        caller
            .gate
            .decide(caller.cx(), parse_id(&id)?, VoteKind::Approve, body.note)
            .await?
            .into(),
    ))
}

/// Says no.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/deny", tag = "approvals", request_body = Option<NoteBody>,
    responses((status = 200, body = ActionView)))]
pub(crate) async fn deny(
    caller: Caller,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<NoteBody>,
) -> Result<Document<ActionView>> {
    Ok(Document(
        caller
            .gate
            .decide(caller.cx(), parse_id(&id)?, VoteKind::Deny, body.note)
            .await?
            .into(),
    ))
}
