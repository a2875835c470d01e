//! Keys, under both paths that clients and documents know.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use countersign_domain::{KeyId, KeyOwner, Scope};
use countersign_gate::{IntegrationKeyDraft, IntegrationKeyView};
use http::StatusCode;
use serde_json::{Value, json};

use super::{body::Object, ids, paging::millis};
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

const MISSING: &str = "API key not found";

fn scopes(body: &Object) -> Result<Option<Vec<Scope>>> {
    let Some(words) = body.optional_texts("scopes")? else {
        return Ok(None);
    };
    if words.is_empty() {
        return Err(Problem::invalid("scopes", "At least one scope is required"));
    }
    let unknown = |word: &String| {
        let known: Vec<_> = Scope::EVERY.iter().map(|scope| scope.as_str()).collect();
        let word: String = word.chars().take(64).collect();
        Problem::invalid(
            "scopes",
            format!("Unknown scope \"{word}\": use {}", known.join(", ")),
        )
    };
    let parsed = words
        .iter()
        .map(|word| word.parse().map_err(|_| unknown(word)));
    parsed.collect::<Result<_>>().map(Some)
}

/// `None` where it is not given, `Some(None)` for no limit.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
fn rate_limit(body: &Object) -> Result<Option<Option<u32>>> {
    match body.fields.get("rateLimit") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(value) => {
            let limit = value
                .as_u64()
                .filter(|limit| (1..=1_000_000).contains(limit));
            let wrong =
                || Problem::invalid("rateLimit", "rateLimit must be a positive integer or null");
            let limit = limit.ok_or_else(wrong)?;
            Ok(Some(Some(u32::try_from(limit).unwrap_or(u32::MAX))))
        }
    }
}

fn shown_agent(view: &IntegrationKeyView) -> Value {
    match view.key.owner {
        KeyOwner::Agent(id) => json!(ids::agent(id.uuid())),
        KeyOwner::Operator(_) => Value::Null,
    }
}

async fn create(caller: Caller, body: Object) -> Result<Response> {
    let name = body.text("name")?;
    let scopes = scopes(&body)?;
    let scopes = scopes
        .ok_or_else(|| Problem::invalid("scopes", "scopes is required and must be an array"))?;
    let agent = body.optional_text("agentId")?;
    let draft = IntegrationKeyDraft {
        name,
        scopes,
        rate_limit_per_minute: rate_limit(&body)?.flatten(),
        agent: agent.as_deref().map(ids::agent_reference),
    };
    let is_bound = draft.agent.is_some();
    let cx = caller.cx();
    let (made, secret) = caller.gate.add_integration_key(cx, draft).await?;
    let words: Vec<_> = made.scopes.iter().map(|scope| scope.as_str()).collect();
    let told = json!({
        "id": ids::short(made.key.id.uuid()),
        "key": secret.expose(),
        "name": made.name,
        "scopes": words,
        "rateLimit": made.key.rate_limit_per_minute,
        "agentId": if is_bound { shown_agent(&made) } else { Value::Null },
        "message": "Save this key - it will not be shown again",
    });
    Ok((StatusCode::CREATED, Document(told)).into_response())
}

async fn list(caller: Caller) -> Result<Document<Value>> {
    let now = caller.gate.now();
    let keys = caller.gate.integration_keys(caller.cx()).await?;
    // Last uses are shown to those who may read the configuration.
    let used = caller.gate.last_used(caller.cx()).await.ok();
    let keys: Vec<Value> = keys
        .iter()
        .map(|view| {
            let key = &view.key;
            let words: Vec<_> = view.scopes.iter().map(|scope| scope.as_str()).collect();
            let used = used.as_ref().and_then(|used| used.key(key.id)).map(millis);
            json!({"id": ids::short(key.id.uuid()), "name": view.name, "scopes": words, "createdAt": millis(key.created_at),
                "lastUsedAt": used, "revokedAt": key.revoked_at.map(millis), "rateLimit": key.rate_limit_per_minute,
                "agentId": shown_agent(view), "active": key.is_live(now)})
        })
        .collect();
    Ok(Document(json!({"keys": keys})))
}

fn key_id(text: &str) -> Result<KeyId> {
    ids::id(text, MISSING).map(KeyId::new)
}

async fn change(caller: Caller, id: &str, body: Object) -> Result<Document<Value>> {
    let id = key_id(id)?;
    let (name, scopes, limit) = (
        body.optional_text("name")?,
        scopes(&body)?,
        rate_limit(&body)?,
    );
    if name.is_none() && scopes.is_none() && limit.is_none() {
        return Err(Problem::invalid(".", "No fields to update"));
    }
    let cx = caller.cx();
    let changed = caller
        .gate
        .change_integration_key(cx, id, name, scopes, limit)
        .await;
    changed.map_err(ids::named(MISSING))?;
    Ok(Document(json!({"success": true})))
}

async fn revoke(caller: Caller, id: &str) -> Result<Document<Value>> {
    let id = key_id(id)?.to_string();
    let revoked = caller.gate.revoke_key(caller.cx(), &id).await;
    revoked.map_err(ids::named(MISSING))?;
    Ok(Document(
        json!({"success": true, "message": "API key revoked"}),
    ))
}

/// Every key.
#[utoipa::path(get, path = "/api/api-keys", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_keys(caller: Caller) -> Result<Document<Value>> {
    list(caller).await
}

/// Makes a key, which is shown this once.
#[utoipa::path(post, path = "/api/api-keys", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_key(caller: Caller, body: Object) -> Result<Response> {
    create(caller, body).await
}

/// Changes a key.
#[utoipa::path(patch, path = "/api/api-keys/{id}", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_change_key(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    change(caller, &id, body).await
}

/// Ends a key.
#[utoipa::path(delete, path = "/api/api-keys/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_revoke_key(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    revoke(caller, &id).await
}

/// Every key, under the path of the documents.
#[utoipa::path(get, path = "/api/keys", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_keys_short(caller: Caller) -> Result<Document<Value>> {
    list(caller).await
}

/// Makes a key, under the path of the documents.
#[utoipa::path(post, path = "/api/keys", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_key_short(caller: Caller, body: Object) -> Result<Response> {
    create(caller, body).await
}

/// Changes a key, under the path of the documents.
#[utoipa::path(patch, path = "/api/keys/{id}", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_change_key_short(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    change(caller, &id, body).await
}

/// Ends a key, under the path of the documents.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_revoke_key_short(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    revoke(caller, &id).await
}
