//! Agents, and the tokens that they get for their secrets.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json as Document,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use countersign_domain::Agent;
use countersign_gate::{AGENT_TOKEN_SECONDS, ErrorKind};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{body::Object, ids, paging::iso};
use crate::{
    caller::{Caller, Source},
    problem::Result,
    state::ServerState,
};

const MISSING: &str = "Agent not found";

fn view(agent: &Agent) -> Value {
    json!({"id": ids::agent(agent.id.uuid()), "name": agent.name, "metadata": null, "monthlyBudgetUsd": null,
        "createdAt": iso(agent.created_at), "revokedAt": null})
}

/// Every agent.
#[utoipa::path(get, path = "/api/agents", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_agents(caller: Caller) -> Result<Document<Value>> {
    let agents = caller.gate.agents(caller.cx())?;
    let agents: Vec<Value> = agents.iter().map(|agent| view(agent)).collect();
    Ok(Document(json!({"agents": agents})))
}

/// Adds an agent with a secret, which is shown this once.
#[utoipa::path(post, path = "/api/agents", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_agent(caller: Caller, body: Object) -> Result<Response> {
    let name = body.text("name")?;
    let (agent, secret) = caller
        .gate
        .add_integration_agent(caller.cx(), &name)
        .await?;
    let mut told = view(&agent);
    told["secret"] = json!(secret.expose());
    told["message"] = json!("Save this secret - it will not be shown again");
    Ok((StatusCode::CREATED, Document(told)).into_response())
}

/// What an agent has spent: money is not counted here.
#[utoipa::path(get, path = "/api/agents/{id}/spend", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_spend(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let agent = caller.gate.agent(caller.cx(), &ids::agent_reference(&id));
    let agent = agent.map_err(ids::named(MISSING))?;
    Ok(Document(
        json!({"agentId": ids::agent(agent.id.uuid()), "monthlyBudgetUsd": null, "spendUsd": 0}),
    ))
}

/// Removes an agent with its keys.
#[utoipa::path(delete, path = "/api/agents/{id}", tag = "agentgate", responses((status = 204), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_remove_agent(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id = ids::agent_reference(&id);
    let removed = caller.gate.remove_agent(caller.cx(), &id).await;
    removed.map_err(ids::named(MISSING))?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(status: StatusCode, error: &'static str) -> Response {
    (status, Document(json!({"error": error}))).into_response()
}

/// A token for an agent's secret, as OAuth has it.
#[utoipa::path(post, path = "/api/agents/token", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = Object)))]
pub(crate) async fn agentgate_token(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let gate = state.open_gate()?;
    let mut fields = fields(&body);
    if let Some((id, secret)) = basic(&headers) {
        fields.insert("client_id".to_owned(), id);
        fields.insert("client_secret".to_owned(), secret);
    }
    let text = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let (id, secret, exchange) = match text("grant_type") {
        "client_credentials" => (Some(text("client_id")), text("client_secret"), false),
        "urn:ietf:params:oauth:grant-type:token-exchange" => {
            if text("subject_token").is_empty() || text("actor_token").is_empty() {
                return Ok(refused(StatusCode::BAD_REQUEST, "invalid_request"));
            }
            (None, text("actor_token"), true)
        }
        _ => return Ok(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type")),
    };
    let Ok(agent) = gate.identify_agent(secret) else {
        return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client"));
    };
    let is_it = |id: &str| {
        let reference = ids::agent_reference(id);
        reference == agent.id.to_string() || reference == agent.name.as_str()
    };
    if id.is_some_and(|id| !is_it(id)) {
        return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client"));
    }
    let token = match gate.agent_token(&peer.source, secret).await {
        // A token is no secret: it renews nothing.
        Err(error) if error.kind == ErrorKind::Unauthenticated => {
            return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client"));
        }
        token => token?,
    };
    let mut told = json!({"access_token": token.expose(), "token_type": "Bearer", "expires_in": AGENT_TOKEN_SECONDS});
    if exchange {
        told["issued_token_type"] = json!("urn:ietf:params:oauth:token-type:access_token");
    }
    Ok(Document(told).into_response())
}

/// A form, or a JSON object of texts.
fn fields(body: &[u8]) -> HashMap<String, String> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return serde_json::from_slice(body).unwrap_or_default();
    }
    let text = String::from_utf8_lossy(body);
    let uri = format!("/?{}", text.trim()).parse::<http::Uri>();
    uri.ok()
        .and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok())
        .map(|query| query.0)
        .unwrap_or_default()
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let encoded = value.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
