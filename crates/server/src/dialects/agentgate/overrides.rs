//! Overrides: what one agent may not do for a while.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use countersign_domain::{Override, OverrideId, Verdict};
use countersign_gate::OverrideDraft;
use http::StatusCode;
use serde_json::{Value, json};

use super::{body::Object, ids, paging::iso};
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

fn view(one: &Override) -> Value {
    let action = match one.says() {
        Verdict::Ask => "require_approval",
        _ => "deny",
    };
    json!({"id": ids::short(one.id.uuid()), "agentId": ids::shown_agent(&one.agent), "toolPattern": one.action.as_str(), "action": action,
        "reason": (!one.reason.is_empty()).then_some(&one.reason), "createdAt": iso(one.created_at), "expiresAt": one.expires_at.map(iso)})
}

/// The overrides that count.
#[utoipa::path(get, path = "/api/overrides", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_overrides(caller: Caller) -> Result<Document<Value>> {
    let overrides = caller.gate.overrides(caller.cx())?;
    let overrides: Vec<Value> = overrides.iter().map(|one| view(one)).collect();
    Ok(Document(json!({"overrides": overrides})))
}

/// Makes an override. The agent need not exist yet.
#[utoipa::path(post, path = "/api/overrides", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_override(caller: Caller, body: Object) -> Result<Response> {
    let agent = body.text("agentId")?;
    let action = body.text("toolPattern")?;
    if action.chars().count() > countersign_gate::OVERRIDE_PATTERN_LIMIT_CHARACTERS {
        let limit = countersign_gate::OVERRIDE_PATTERN_LIMIT_CHARACTERS;
        let text = format!("toolPattern must be at most {limit} characters");
        return Err(Problem::invalid("toolPattern", text));
    }
    let is_denied = match body.fields.get("action").and_then(Value::as_str) {
        Some("deny") => true,
        Some("require_approval") => false,
        _ => {
            return Err(Problem::invalid(
                "action",
                "action must be one of: require_approval, deny",
            ));
        }
    };
    let seconds = match body.fields.get("ttlSeconds") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let seconds = value.as_u64().filter(|seconds| *seconds > 0);
            let wrong = || Problem::invalid("ttlSeconds", "ttlSeconds must be a positive number");
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    let draft = OverrideDraft {
        agent: ids::agent_reference(&agent),
        action,
        is_denied,
        reason: body.optional_text("reason")?.unwrap_or_default(),
        expires_in_seconds: seconds,
    };
    let one = caller.gate.add_override(caller.cx(), draft).await?;
    Ok((StatusCode::CREATED, Document(view(&one))).into_response())
}

/// Removes an override.
#[utoipa::path(delete, path = "/api/overrides/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_remove_override(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let missing = "Override not found";
    let one = OverrideId::new(ids::id(&id, missing)?);
    let removed = caller.gate.remove_override(caller.cx(), one).await;
    removed.map_err(ids::named(missing))?;
    Ok(Document(json!({"success": true, "id": id})))
}
