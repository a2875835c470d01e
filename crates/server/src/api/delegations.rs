//! Delegations: approver seats that are lent.

use axum::{Json as Document, extract::Path};
use countersign_domain::{DelegationId, OperatorId};
use countersign_gate::{DelegationDraft, DelegationView};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    duration::seconds,
    page::{List, Paging},
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::{Problem, Result},
};

/// A seat to lend.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelegationBody {
    /// Whose seat, by name or id; one's own where it is left out. Another's only an owner lends.
    #[serde(default)]
    from: Option<String>,
    /// To whom, by name or id.
    to: String,
    /// For how long: `90s`, `30m`, `12h`, `7d`; at most 90 days.
    #[serde(default)]
    expires: Option<String>,
    /// For how long, in seconds.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
    /// Why.
    #[serde(default)]
    note: String,
}

/// A lent seat.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LentSeat {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: DelegationId,
    /// Whose seat, by name.
    from: String,
    /// Whose seat.
    #[schema(value_type = uuid::Uuid)]
    from_id: OperatorId,
    /// To whom, by name.
    to: String,
    /// To whom.
    #[schema(value_type = uuid::Uuid)]
    to_id: OperatorId,
    /// Why. Untrusted text.
    note: String,
    /// Since when.
    created_at: String,
    /// Until when.
    expires_at: String,
}

impl From<DelegationView> for LentSeat {
    fn from(view: DelegationView) -> Self {
        let delegation = view.delegation;
        Self {
            id: delegation.id,
            from: view.from_name,
            from_id: delegation.from,
            to: view.to_name,
            to_id: delegation.to,
            note: delegation.note,
            created_at: delegation.created_at.to_string(),
            expires_at: delegation.expires_at.to_string(),
        }
    }
}

/// The seats that are lent now, oldest first.
#[utoipa::path(get, path = "/api/v1/delegations", tag = "approvals", params(Paging), responses((status = 200, body = List<LentSeat>)))]
pub(crate) async fn list_delegations(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<LentSeat>>> {
    let views = caller.gate.delegations(caller.cx()).await?;
    paging
        .cut(views, |view| view.delegation.id.uuid(), LentSeat::from)
        .map(Document)
}

/// Lends an approver seat. It counts once, whoever votes from it, and is not lent on.
#[utoipa::path(post, path = "/api/v1/delegations", tag = "approvals", request_body = DelegationBody, responses((status = 201, body = LentSeat)))]
pub(crate) async fn add_delegation(
    caller: Caller,
    Json(body): Json<DelegationBody>,
) -> Result<(StatusCode, Document<LentSeat>)> {
    let lent_for = seconds(body.expires_in_seconds, body.expires.as_deref())?
        .ok_or_else(|| Problem::invalid("expires", "say for how long: 90s, 30m, 12h or 7d"))?;
    let draft = DelegationDraft {
        from: body.from,
        to: body.to,
        expires_in_seconds: lent_for,
        note: body.note,
    };
    let view = caller.gate.add_delegation(caller.cx(), draft).await?;
    Ok((StatusCode::CREATED, Document(view.into())))
}

/// Takes a seat back.
#[utoipa::path(delete, path = "/api/v1/delegations/{id}", tag = "approvals", responses((status = 204)))]
pub(crate) async fn end_delegation(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    let not_found = |_| Problem::from(countersign_gate::Error::not_found("delegation"));
    let id = id.parse().map_err(not_found)?;
    caller.gate.end_delegation(caller.cx(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
