//! Keys: bearer credentials of agents and of operators' integrations.

use std::collections::HashMap;

use axum::{Json as Document, extract::Path};
use countersign_domain::{Key, KeyId, KeyOwner, Name, Scope, Timestamp};
use countersign_gate::{BoundsDraft, KeyChange, KeyDraft, KeyOwnerRef, LastUsed};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    duration::seconds,
    page::{List, Paging},
    targets::nullable,
};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::{Problem, Result},
};

/// A key. The secret itself is stored as a hash and was shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    id: Uuid,
    name: String,
    /// The agent that it acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Uuid>,
    /// The operator that it acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<Uuid>,
    /// What it may do, of what its owner may.
    scopes: Vec<&'static str>,
    /// The agent whose requests alone it is for; for an operator's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_agent: Option<Uuid>,
    /// The targets whose requests alone it is for; empty is all.
    targets: Vec<Uuid>,
    /// The first characters of the secret, to tell keys apart.
    prefix: String,
    /// The secret before, while it still works beside the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    retiring: Option<RetiringView>,
    /// `null` is unlimited.
    rate_limit_per_minute: Option<u32>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// When it was last used, to the minute or so.
    last_used_at: Option<String>,
    /// How often it was used in the last 24 hours; only where keys are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_last_day: Option<u64>,
}

/// A secret that is on its way out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetiringView {
    /// Its first characters.
    prefix: String,
    /// From when on it no longer works.
    until: String,
}

impl KeyView {
    fn used(key: &Key, now: Timestamp, used: &LastUsed, calls: &HashMap<KeyId, u64>) -> Self {
        Self {
            last_used_at: used.key(key.id).map(|at| at.to_string()),
            calls_last_day: Some(calls.get(&key.id).copied().unwrap_or_default()),
            ..Self::new(key, now)
        }
    }

    fn new(key: &Key, now: Timestamp) -> Self {
        let (agent, operator) = match key.owner {
            KeyOwner::Agent(id) => (Some(id.uuid()), None),
            KeyOwner::Operator(id) => (None, Some(id.uuid())),
        };
        Self {
            id: key.id.uuid(),
            name: key.name.to_string(),
            agent,
            operator,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            bound_agent: key.bounds.agent.map(countersign_domain::AgentId::uuid),
            targets: key.bounds.targets.iter().map(|id| id.uuid()).collect(),
            prefix: key.prefix.clone(),
            retiring: key
                .as_retiring()
                .filter(|old| old.is_live(now))
                .and_then(|old| {
                    Some(RetiringView {
                        prefix: old.prefix,
                        until: old.expires_at?.to_string(),
                    })
                }),
            rate_limit_per_minute: key.rate_limit_per_minute,
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|time| time.to_string()),
            revoked_at: key.revoked_at.map(|time| time.to_string()),
            last_used_at: None,
            calls_last_day: None,
        }
    }
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddedKey {
    #[serde(flatten)]
    view: KeyView,
    /// The key. Shown this once.
    key: String,
}

/// A key to be made, for an agent or for an operator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    /// What it is for.
    #[schema(value_type = String)]
    name: Name,
    /// The agent that it acts as, by name or id.
    #[serde(default)]
    agent: Option<String>,
    /// The operator that it acts as, by name or id.
    #[serde(default)]
    operator: Option<String>,
    /// What it may do; an agent's key asks and reads unless this says otherwise.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    /// Calls a minute; unlimited where it is left out.
    #[serde(default)]
    rate_limit_per_minute: Option<u32>,
    /// When it stops working by itself.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
    /// The same as text: `30m`, `1h`, `7d`.
    #[serde(default)]
    expires: Option<String>,
    /// The agent whose requests alone an operator's key is for, by name or id.
    #[serde(default)]
    bound_agent: Option<String>,
    /// The targets whose requests alone it is for, by name or id; all where it is left out. A key that is bound has scopes of
    /// requests only.
    #[serde(default)]
    targets: Vec<String>,
}

/// What changes of a key: what is given. Whom it acts as stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyChangeBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
    /// All of them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Option<Vec<Scope>>,
    /// Calls a minute; `null` is unlimited.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a value are three things"
    )]
    rate_limit_per_minute: Option<Option<u32>>,
    /// When it stops working by itself, from now on; `null` is never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u64>)]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a value are three things"
    )]
    expires_in_seconds: Option<Option<u64>>,
    /// The agent whose requests alone an operator's key is for; `null` is none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a value are three things"
    )]
    bound_agent: Option<Option<String>>,
    /// The targets whose requests alone it is for, all of them; `[]` is every target.
    #[serde(default)]
    targets: Option<Vec<String>>,
}

/// How a key's secret changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationBody {
    /// For how long the old secret works beside the new one, in seconds; 0, and left out, is not at all.
    #[serde(default)]
    overlap_seconds: Option<u64>,
    /// The same as text: `90s`, `30m`, `1h`, `7d`.
    #[serde(default)]
    overlap: Option<String>,
}

/// How often a key was used. What was called in the last minute before a crash may be missing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyUsageView {
    last_used_at: Option<String>,
    /// In this hour and the 23 before it.
    calls_last_day: u64,
    /// By day in UTC, oldest first, of the last 30 days; days without a call are left out.
    days: Vec<DayOfUse>,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayOfUse {
    /// `2026-11-20`.
    day: String,
    calls: u64,
}

/// Every key.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(Paging), responses((status = 200, body = List<KeyView>)))]
pub(crate) async fn list_keys(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<KeyView>>> {
    let keys = caller.gate.keys(caller.cx())?;
    let used = caller.gate.last_used(caller.cx()).await?;
    let calls = caller.gate.calls_of_last_day(caller.cx()).await?;
    let now = caller.cx().now;
    paging
        .cut(
            keys,
            |key| key.id.uuid(),
            |key| KeyView::used(&key, now, &used, &calls),
        )
        .map(Document)
}

/// Makes a key. Nobody can make one that may do more than they may themselves.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = KeyBody, responses((status = 201, body = AddedKey)))]
pub(crate) async fn add_key(
    caller: Caller,
    Json(body): Json<KeyBody>,
) -> Result<(StatusCode, Document<AddedKey>)> {
    let draft = KeyDraft {
        name: body.name,
        owner: KeyOwnerRef {
            agent: body.agent,
            operator: body.operator,
        },
        scopes: body.scopes,
        rate_limit_per_minute: body.rate_limit_per_minute,
        expires_in_seconds: seconds(body.expires_in_seconds, body.expires.as_deref())?,
        bounds: BoundsDraft {
            agent: body.bound_agent,
            targets: body.targets,
        },
    };
    let key = caller.gate.add_key(caller.cx(), draft).await?;
    let added = AddedKey {
        view: KeyView::new(&key.key, caller.cx().now),
        key: key.secret.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Document(added)))
}

/// One key, by id or name.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", responses((status = 200, body = KeyView)))]
pub(crate) async fn get_key(caller: Caller, Path(id): Path<String>) -> Result<Document<KeyView>> {
    let key = caller.gate.key(caller.cx(), &id)?;
    let used = caller.gate.last_used(caller.cx()).await?;
    let calls = caller.gate.calls_of_last_day(caller.cx()).await?;
    Ok(Document(KeyView::used(
        &key,
        caller.cx().now,
        &used,
        &calls,
    )))
}

/// Changes what is given of a key. Nobody gives one, or prolongs one, that may do more than they may themselves.
#[utoipa::path(patch, path = "/api/v1/keys/{id}", tag = "keys", request_body = KeyChangeBody, responses((status = 200, body = KeyView)))]
pub(crate) async fn update_key(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<KeyChangeBody>,
) -> Result<Document<KeyView>> {
    let change = KeyChange {
        name: body.name,
        scopes: body.scopes,
        rate_limit_per_minute: body.rate_limit_per_minute,
        expires_in_seconds: body.expires_in_seconds,
        bound_agent: body.bound_agent,
        targets: body.targets,
    };
    let key = caller.gate.update_key(caller.cx(), &id, change).await?;
    Ok(Document(KeyView::new(&key, caller.cx().now)))
}

/// Gives a key another secret. The one before works for the overlap that is asked for, and then no more.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotate", tag = "keys", request_body = RotationBody, responses((status = 200, body = AddedKey)))]
pub(crate) async fn rotate_key(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<RotationBody>,
) -> Result<Document<AddedKey>> {
    let overlap = seconds(body.overlap_seconds, body.overlap.as_deref()).map_err(|_| {
        let detail = "give either overlap_seconds or overlap, and that as 90s, 30m, 1h or 7d";
        Problem::invalid("overlap", detail)
    })?;
    let cx = caller.cx();
    let rotated = caller
        .gate
        .rotate_key(cx, &id, overlap.unwrap_or_default())
        .await?;
    Ok(Document(AddedKey {
        view: KeyView::new(&rotated.key, cx.now),
        key: rotated.secret.expose().to_owned(),
    }))
}

/// How often a key was used.
#[utoipa::path(get, path = "/api/v1/keys/{id}/usage", tag = "keys", responses((status = 200, body = KeyUsageView)))]
pub(crate) async fn key_usage(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<KeyUsageView>> {
    const DAY_MICROS: i64 = 86_400_000_000;
    let usage = caller.gate.key_usage(caller.cx(), &id).await?;
    let date = |day: i64| {
        let mut text = Timestamp::from_micros(day.saturating_mul(DAY_MICROS)).to_string();
        text.truncate("2026-11-20".len());
        text
    };
    Ok(Document(KeyUsageView {
        last_used_at: usage.last_used_at.map(|at| at.to_string()),
        calls_last_day: usage.last_day,
        days: usage
            .days
            .into_iter()
            .map(|(day, calls)| DayOfUse {
                day: date(day),
                calls,
            })
            .collect(),
    }))
}

/// Ends a key within a second, everywhere, open streams included.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys", responses((status = 200, body = KeyView)))]
pub(crate) async fn revoke_key(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<KeyView>> {
    let key = caller.gate.revoke_key(caller.cx(), &id).await?;
    Ok(Document(KeyView::new(&key, caller.cx().now)))
}
