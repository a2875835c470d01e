//! Keys: bearer credentials of agents and of operators' integrations.

use axum::{Json as Document, extract::Path};
use countersign_domain::{Key, KeyOwner, Name, Scope};
use countersign_gate::{KeyDraft, KeyOwnerRef, LastUsed};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
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
    /// The first characters of the secret, to tell keys apart.
    prefix: String,
    /// `null` is unlimited.
    rate_limit_per_minute: Option<u32>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// When it was last used, to the minute or so.
    last_used_at: Option<String>,
}

impl KeyView {
    fn used(key: &Key, used: &LastUsed) -> Self {
        Self {
            last_used_at: used.key(key.id).map(|at| at.to_string()),
            ..Self::from(key)
        }
    }
}

impl From<&Key> for KeyView {
    fn from(key: &Key) -> Self {
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
            prefix: key.prefix.clone(),
            rate_limit_per_minute: key.rate_limit_per_minute,
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|time| time.to_string()),
            revoked_at: key.revoked_at.map(|time| time.to_string()),
            last_used_at: None,
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
}

/// Every key.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(Paging), responses((status = 200, body = List<KeyView>)))]
pub(crate) async fn list_keys(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<KeyView>>> {
    let keys = caller.gate.keys(caller.cx())?;
    let used = caller.gate.last_used(caller.cx()).await?;
    paging
        .cut(keys, |key| key.id.uuid(), |key| KeyView::used(&key, &used))
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
    };
    let key = caller.gate.add_key(caller.cx(), draft).await?;
    let added = AddedKey {
        view: KeyView::from(&*key.key),
        key: key.secret.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Document(added)))
}

/// One key, by id or name.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "keys", responses((status = 200, body = KeyView)))]
pub(crate) async fn get_key(caller: Caller, Path(id): Path<String>) -> Result<Document<KeyView>> {
    let key = caller.gate.key(caller.cx(), &id)?;
    let used = caller.gate.last_used(caller.cx()).await?;
    Ok(Document(KeyView::used(&key, &used)))
}

/// Ends a key within a second, everywhere, open streams included.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "keys", responses((status = 200, body = KeyView)))]
pub(crate) async fn revoke_key(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<KeyView>> {
    Ok(Document(KeyView::from(
        &*caller.gate.revoke_key(caller.cx(), &id).await?,
    )))
}
