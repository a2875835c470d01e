//! Standing approvals: what operators have answered in advance.

use axum::{Json as Document, extract::Path};
use countersign_domain::{AgentId, OperatorId, RequestId, StandingApprovalId};
use countersign_gate::StandingView;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::page::{List, Paging};
use crate::{
    body::Query,
    caller::Caller,
    problem::{Problem, Result},
};

/// What an approval allows beyond its request: one of `minutes` and `uses` at least.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StandingBody {
    /// For how long, 1 to 43200; 24 hours where only uses are given.
    #[serde(default)]
    minutes: Option<u32>,
    /// How often, 1 to 10000; 100 times where only a time is given.
    #[serde(default)]
    uses: Option<u32>,
    /// The fields that must be the same as in what is approved, as in `input.to`; where it is left out, the payload to the byte.
    #[serde(default)]
    same: Option<Vec<String>>,
}

impl From<StandingBody> for countersign_gate::StandingDraft {
    fn from(body: StandingBody) -> Self {
        Self {
            minutes: body.minutes,
            uses: body.uses,
            same: body.same,
        }
    }
}

/// A standing approval.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingApprovalView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: StandingApprovalId,
    /// The request whose approval made it.
    #[schema(value_type = uuid::Uuid)]
    request: RequestId,
    /// For whom, by name; by id once the agent is gone.
    agent: String,
    /// For whom.
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    /// On what, by name.
    target: String,
    /// With which profile, by name.
    profile: String,
    /// For exactly this action.
    action: String,
    /// SHA-256 of the only payload that it answers; `null` where `same` says what must be equal.
    payload_hash: Option<String>,
    /// The fields that must be equal, with their values: `input` and `context`, each an object of paths and conditions.
    #[schema(value_type = Object)]
    same: Value,
    /// Who made it, by name.
    by: String,
    /// Who made it.
    #[schema(value_type = uuid::Uuid)]
    by_id: OperatorId,
    /// When.
    created_at: String,
    /// Until when it holds.
    expires_at: String,
    /// How many uses it was made with.
    uses: u32,
    /// How many are left.
    uses_left: u32,
    /// Whether its maker may still decide: otherwise it answers nothing.
    is_usable: bool,
}

impl From<StandingView> for StandingApprovalView {
    fn from(view: StandingView) -> Self {
        let standing = view.standing;
        Self {
            id: standing.id,
            request: standing.from,
            agent: view.agent_name,
            agent_id: standing.agent,
            target: view.target_name,
            profile: view.profile_name,
            action: standing.action,
            payload_hash: standing.payload.map(|payload| payload.to_string()),
            same: serde_json::to_value(&standing.constraint).unwrap_or_default(),
            by: view.operator_name,
            by_id: standing.by,
            created_at: standing.created_at.to_string(),
            expires_at: standing.expires_at.to_string(),
            uses: standing.uses,
            uses_left: standing.uses_left,
            is_usable: view.is_usable,
        }
    }
}

/// The standing approvals that have uses and time left, oldest first.
#[utoipa::path(get, path = "/api/v1/standing-approvals", tag = "approvals", params(Paging), responses((status = 200, body = List<StandingApprovalView>)))]
pub(crate) async fn list_standing(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<StandingApprovalView>>> {
    let views = caller.gate.standing_approvals(caller.cx()).await?;
    paging
        .cut(
            views,
            |view| view.standing.id.uuid(),
            StandingApprovalView::from,
        )
        .map(Document)
}

/// Takes a standing approval back.
#[utoipa::path(delete, path = "/api/v1/standing-approvals/{id}", tag = "approvals", responses((status = 204)))]
pub(crate) async fn revoke_standing(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    let not_found = |_| Problem::from(countersign_gate::Error::not_found("standing approval"));
    let id = id.parse().map_err(not_found)?;
    caller.gate.revoke_standing(caller.cx(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
