//! Targets: systems that can be reached.

use axum::{Json as Document, extract::Path};
use countersign_domain::{Labels, Name, Profile, Target, TargetLimits};
use countersign_gate::{Error, NewTarget, ProfileDraft, TargetChange};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::{List, Paging};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::{Problem, Result},
};

/// A target.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TargetView {
    id: Uuid,
    name: String,
    /// The connector that speaks to it.
    connector: String,
    /// What the connector needs to reach it; never a secret.
    #[schema(value_type = Object)]
    config: Value,
    /// Whether loopback and private addresses are open for it.
    allow_private_network: bool,
    /// Bounds of one call.
    #[schema(value_type = Object)]
    limits: TargetLimits,
    /// At or over this risk a human is asked; `null`: risk is silent.
    risk_threshold: Option<f64>,
    labels: Labels,
    /// Counts changes: what `expected_revision` is compared with.
    revision: u64,
    /// Counts changes of what an approver saw.
    approval_revision: u64,
    created_at: String,
}

impl From<&Target> for TargetView {
    fn from(target: &Target) -> Self {
        Self {
            id: target.id.uuid(),
            name: target.name.to_string(),
            connector: target.connector.clone(),
            config: target.config.clone(),
            allow_private_network: target.allow_private_network,
            limits: target.limits,
            risk_threshold: target.risk_threshold,
            labels: target.labels.clone(),
            revision: target.changes,
            approval_revision: target.revision,
            created_at: target.created_at.to_string(),
        }
    }
}

/// A target to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetBody {
    #[schema(value_type = String)]
    name: Name,
    /// The connector: `http`.
    connector: String,
    /// What the connector needs to reach it, by its schema.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Option<Map<String, Value>>,
    /// Short for `config.base_url`.
    #[serde(default)]
    base_url: Option<String>,
    /// Whether loopback and private addresses are open for it. Only an owner may say yes.
    #[serde(default)]
    allow_private_network: bool,
    /// Bounds of one call.
    #[serde(default)]
    #[schema(value_type = Object)]
    limits: TargetLimits,
    /// At or over this risk a human is asked.
    #[serde(default)]
    risk_threshold: Option<f64>,
    #[serde(default)]
    labels: Labels,
}

/// What changes; what is left out stays.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetChangeBody {
    #[serde(default)]
    connector: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Option<Map<String, Value>>,
    /// Short for `config.base_url`.
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    allow_private_network: Option<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    limits: Option<TargetLimits>,
    /// `null` silences the risk.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    risk_threshold: Option<Option<f64>>,
    #[serde(default)]
    labels: Option<Labels>,
    /// The target's `revision` as the change was made up for: where it is another one by now, nothing changes (409
    /// `changed_meanwhile`).
    #[serde(default)]
    expected_revision: Option<u64>,
}

/// A field that is there is `Some`, even where it is `null`.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
pub(super) fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

fn with_base_url(
    config: Option<Map<String, Value>>,
    base_url: Option<String>,
) -> Result<Option<Value>> {
    let Some(base_url) = base_url else {
        return Ok(config.map(Value::Object));
    };
    let mut config = config.unwrap_or_default();
    if config
        .insert("base_url".to_owned(), Value::String(base_url))
        .is_some()
    {
        return Err(Problem::invalid(
            "base_url",
            "give either base_url or config.base_url",
        ));
    }
    Ok(Some(Value::Object(config)))
}

/// A profile: a target with a credential and limits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileView {
    id: Uuid,
    name: String,
    /// Connector-specific bounds.
    #[schema(value_type = Object)]
    limits: Value,
    /// Counts changes of the limits.
    revision: u64,
}

impl From<&Profile> for ProfileView {
    fn from(profile: &Profile) -> Self {
        Self {
            id: profile.id.uuid(),
            name: profile.name.to_string(),
            limits: profile.limits.clone(),
            revision: profile.revision,
        }
    }
}

/// A profile to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileBody {
    #[schema(value_type = String)]
    name: Name,
    /// Connector-specific bounds, by its schema.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    limits: Map<String, Value>,
}

/// Whether a target can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TargetTestView {
    ok: bool,
    /// What was found.
    detail: String,
}

/// Every target.
#[utoipa::path(get, path = "/api/v1/targets", tag = "targets", params(Paging), responses((status = 200, body = List<TargetView>)))]
pub(crate) async fn list_targets(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<TargetView>>> {
    let targets = caller.gate.targets(caller.cx())?;
    paging
        .cut(
            targets,
            |target| target.id.uuid(),
            |target| TargetView::from(&*target),
        )
        .map(Document)
}

/// Adds a target with its default profile.
#[utoipa::path(post, path = "/api/v1/targets", tag = "targets", request_body = TargetBody, responses((status = 201, body = TargetView)))]
pub(crate) async fn add_target(
    caller: Caller,
    Json(body): Json<TargetBody>,
) -> Result<(StatusCode, Document<TargetView>)> {
    let draft = NewTarget {
        name: body.name,
        connector: body.connector,
        config: with_base_url(body.config, body.base_url)?
            .unwrap_or_else(|| Value::Object(Map::new())),
        allow_private_network: body.allow_private_network,
        limits: body.limits,
        risk_threshold: body.risk_threshold,
        labels: body.labels,
    };
    let target = caller.gate.add_target(caller.cx(), draft).await?;
    Ok((StatusCode::CREATED, Document(TargetView::from(&*target))))
}

/// One target, by id or name.
#[utoipa::path(get, path = "/api/v1/targets/{id}", tag = "targets", responses((status = 200, body = TargetView)))]
pub(crate) async fn get_target(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<TargetView>> {
    Ok(Document(TargetView::from(
        &*caller.gate.target(caller.cx(), &id)?,
    )))
}

/// Changes a target. What was approved for it before goes stale where an approver would have seen something else.
#[utoipa::path(patch, path = "/api/v1/targets/{id}", tag = "targets", request_body = TargetChangeBody, responses((status = 200, body = TargetView)))]
pub(crate) async fn update_target(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<TargetChangeBody>,
) -> Result<Document<TargetView>> {
    let change = TargetChange {
        connector: body.connector,
        config: with_base_url(body.config, body.base_url)?,
        allow_private_network: body.allow_private_network,
        limits: body.limits,
        risk_threshold: body.risk_threshold,
        labels: body.labels,
        expected_revision: body.expected_revision,
    };
    Ok(Document(TargetView::from(
        &*caller.gate.update_target(caller.cx(), &id, change).await?,
    )))
}

/// Removes a target with its profiles, credentials and grants.
#[utoipa::path(delete, path = "/api/v1/targets/{id}", tag = "targets", responses((status = 204)))]
pub(crate) async fn remove_target(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.gate.remove_target(caller.cx(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries to reach a target, without an action and without its credential.
#[utoipa::path(post, path = "/api/v1/targets/{id}/test", tag = "targets", responses((status = 200, body = TargetTestView)))]
pub(crate) async fn test_target(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<TargetTestView>> {
    let test = caller.gate.test_target(caller.cx(), &id).await?;
    Ok(Document(TargetTestView {
        ok: test.ok,
        detail: test.detail,
    }))
}

/// The profiles of a target.
#[utoipa::path(get, path = "/api/v1/targets/{id}/profiles", tag = "targets", responses((status = 200, body = List<ProfileView>)))]
pub(crate) async fn list_profiles(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<List<ProfileView>>> {
    let profiles = caller.gate.profiles(caller.cx(), &id)?;
    Ok(Document(List {
        items: profiles
            .iter()
            .map(|profile| ProfileView::from(&**profile))
            .collect(),
        next: None,
    }))
}

/// Adds a profile to a target.
#[utoipa::path(
    post, path = "/api/v1/targets/{id}/profiles", tag = "targets", request_body = ProfileBody, responses((status = 201, body = ProfileView)))]
pub(crate) async fn add_profile(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<ProfileBody>,
) -> Result<(StatusCode, Document<ProfileView>)> {
    let draft = ProfileDraft {
        name: body.name,
        limits: Value::Object(body.limits),
    };
    let profile = caller.gate.add_profile(caller.cx(), &id, draft).await?;
    Ok((StatusCode::CREATED, Document(ProfileView::from(&*profile))))
}

/// Removes a profile with its credential and grants. The default profile stays as long as its target.
#[utoipa::path(delete, path = "/api/v1/targets/{id}/profiles/{name}", tag = "targets", responses((status = 204)))]
pub(crate) async fn remove_profile(
    caller: Caller,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    let name = name.parse().map_err(|_| Error::not_found("profile"))?;
    caller.gate.remove_profile(caller.cx(), &id, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
