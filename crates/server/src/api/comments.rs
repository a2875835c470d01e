//! Comments: what operators write on a request, for each other.

use axum::{Json as Document, extract::Path};
use countersign_domain::{CommentId, OperatorId};
use countersign_gate::CommentView;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    actions::parse_id,
    page::{List, Paging},
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::Result,
};

/// A comment to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommentBody {
    /// 1 to 2,000 characters.
    body: String,
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrittenComment {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: CommentId,
    /// Who wrote it, by name.
    by: String,
    /// Who wrote it.
    #[schema(value_type = uuid::Uuid)]
    by_id: OperatorId,
    /// What. Untrusted text.
    body: String,
    /// When.
    at: String,
}

impl From<CommentView> for WrittenComment {
    fn from(view: CommentView) -> Self {
        Self {
            id: view.comment.id,
            by: view.operator_name,
            by_id: view.comment.by,
            body: view.comment.body,
            at: view.comment.at.to_string(),
        }
    }
}

/// The comments on a request, oldest first. Agents never see them.
#[utoipa::path(get, path = "/api/v1/approvals/{id}/comments", tag = "approvals", params(Paging), responses((status = 200, body = List<WrittenComment>)))]
pub(crate) async fn list_comments(
    caller: Caller,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Document<List<WrittenComment>>> {
    let views = caller.gate.comments(caller.cx(), parse_id(&id)?).await?;
    paging
        .cut(views, |view| view.comment.id.uuid(), WrittenComment::from)
        .map(Document)
}

/// Writes a comment on a request, whatever its state. It decides nothing.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/comments", tag = "approvals", request_body = CommentBody, responses((status = 201, body = WrittenComment)))]
pub(crate) async fn add_comment(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<CommentBody>,
) -> Result<(StatusCode, Document<WrittenComment>)> {
    let id = parse_id(&id)?;
    let view = caller.gate.add_comment(caller.cx(), id, &body.body).await?;
    Ok((StatusCode::CREATED, Document(view.into())))
}
