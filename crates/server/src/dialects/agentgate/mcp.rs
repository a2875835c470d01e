//! What the MCP server asks before each of its calls: every route that it calls then checks the key by itself.

use axum::Json as Document;
use countersign_domain::{RequestState, Urgency};
use countersign_gate::Principal;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{body::Object, ids, requests};
use crate::{caller::Caller, problem::Result};

/// Whether a tool may be called. Without an agent that has proved who it is: yes.
#[utoipa::path(post, path = "/api/mcp/authorize", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_authorize(
    caller: Caller,
    headers: HeaderMap,
    body: Object,
) -> Result<Document<Value>> {
    let tool = body.fields.get("toolName").and_then(Value::as_str);
    let tool = tool.map(str::trim).filter(|tool| !tool.is_empty());
    let tool =
        tool.ok_or_else(|| crate::problem::Problem::invalid("toolName", "toolName is required"))?;
    let is_verified = ["x-agent-token", "x-agent-secret"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if !is_verified || !may_ask(&caller) {
        return Ok(Document(json!({"decision": "allow"})));
    }
    let asked = (
        tool.to_owned(),
        body.optional_object("params")?,
        body.optional_object("context")?,
    );
    let view = requests::ask(&caller, &headers, asked, Urgency::Normal, None).await?;
    let request = &view.request;
    let id = ids::short(request.id.uuid());
    let owasp = requests::owasp(&request.rule);
    Ok(Document(match request.state {
        RequestState::Approved => json!({"decision": "allow"}),
        RequestState::Pending => {
            json!({"decision": "requires_approval", "status": "pending", "requestId": id, "reason": request.reason, "owaspRisk": owasp})
        }
        _ => {
            json!({"decision": "deny", "status": "denied", "requestId": id, "reason": request.reason, "owaspRisk": owasp})
        }
    }))
}

fn may_ask(caller: &Caller) -> bool {
    let permissions = caller.cx().principal.permissions();
    matches!(
        caller.cx().principal,
        Principal::Agent { .. } | Principal::Operator { .. }
    ) && permissions.contains(countersign_domain::Permission::RequestCreate)
}
