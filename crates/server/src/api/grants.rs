//! Grants: who may ask for what, and what answers.

use axum::{Json as Document, extract::Path};
use countersign_domain::{ActionPattern, Grant, GrantVerdict, Labels, Name};
use countersign_gate::{GrantDraft, GrantFilter};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    duration::seconds,
    page::{List, Paging},
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::Result,
};

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantView {
    id: Uuid,
    /// Who.
    agent: Uuid,
    /// On what.
    target: Uuid,
    /// With which credential and limits.
    profile: Uuid,
    /// Which actions.
    action: String,
    /// `allow`, `ask`, `deny` or `by_policy`.
    verdict: &'static str,
    expires_at: Option<String>,
    labels: Labels,
    created_at: String,
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.uuid(),
            agent: grant.agent.uuid(),
            target: grant.target.uuid(),
            profile: grant.profile.uuid(),
            action: grant.action.to_string(),
            verdict: grant.verdict.as_str(),
            expires_at: grant.expires_at.map(|time| time.to_string()),
            labels: grant.labels.clone(),
            created_at: grant.created_at.to_string(),
        }
    }
}

/// A grant to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantBody {
    /// The agent, by name or id.
    agent: String,
    /// The target, by name or id.
    target: String,
    /// The profile's name; the target's default where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    profile: Option<Name>,
    /// `GET /charges/*`: `*` is one segment, `**` any number.
    #[schema(value_type = String)]
    action: ActionPattern,
    /// `allow`, `ask`, `deny` or `by_policy`.
    #[schema(value_type = String)]
    verdict: GrantVerdict,
    /// When it ends by itself.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
    /// The same as text: `30m`, `1h`, `7d`.
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    labels: Labels,
}

/// Which grants to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantQuery {
    /// Of this agent, by name or id.
    agent: Option<String>,
    /// On this target, by name or id.
    target: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// At most this many items, up to 200.
    limit: Option<usize>,
}

/// Every grant.
#[utoipa::path(get, path = "/api/v1/grants", tag = "grants", params(GrantQuery), responses((status = 200, body = List<GrantView>)))]
pub(crate) async fn list_grants(
    caller: Caller,
    Query(query): Query<GrantQuery>,
) -> Result<Document<List<GrantView>>> {
    let grants = caller.gate.grants(
        caller.cx(),
        &GrantFilter {
            agent: query.agent,
            target: query.target,
        },
    )?;
    let paging = Paging {
        cursor: query.cursor,
        limit: query.limit,
    };
    paging
        .cut(
            grants,
            |grant| grant.id.uuid(),
            |grant| GrantView::from(&*grant),
        )
        .map(Document)
}

/// Gives a grant. Without one, nothing is allowed.
#[utoipa::path(post, path = "/api/v1/grants", tag = "grants", request_body = GrantBody, responses((status = 201, body = GrantView)))]
pub(crate) async fn add_grant(
    caller: Caller,
    Json(body): Json<GrantBody>,
) -> Result<(StatusCode, Document<GrantView>)> {
    let draft = GrantDraft {
        agent: body.agent,
        target: body.target,
        profile: body.profile,
        action: body.action,
        verdict: body.verdict,
        expires_in_seconds: seconds(body.expires_in_seconds, body.expires.as_deref())?,
        labels: body.labels,
    };
    let grant = caller.gate.add_grant(caller.cx(), draft).await?;
    Ok((StatusCode::CREATED, Document(GrantView::from(&*grant))))
}

/// Takes a grant away.
#[utoipa::path(delete, path = "/api/v1/grants/{id}", tag = "grants", responses((status = 204)))]
pub(crate) async fn remove_grant(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.gate.remove_grant(caller.cx(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
