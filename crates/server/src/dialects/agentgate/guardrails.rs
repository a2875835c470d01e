//! Breaches that other systems report. The secret in their header is a key with `override:manage`.

use std::sync::Arc;

use axum::{Json as Document, extract::State};
use countersign_domain::Permission;
use countersign_gate::{OpCx, OverrideDraft};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{body::Object, ids};
use crate::{
    caller::Source,
    problem::{Problem, Result},
    state::ServerState,
};

/// For how long a breach counts where no recovery is reported.
const BREACH_SECONDS: u64 = 3_600;

/// Makes every action of an agent ask after a breach, and takes that back after its recovery.
#[utoipa::path(post, path = "/api/guardrails/webhook", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_guardrails(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    headers: HeaderMap,
    body: Object,
) -> Result<Document<Value>> {
    let gate = state.open_gate()?;
    let wrong = || Problem::unauthenticated("Invalid or missing guardrails secret");
    let secret = headers
        .get("x-guardrails-secret")
        .and_then(|it| it.to_str().ok());
    let principal = gate
        .identify_key(secret.ok_or_else(wrong)?)
        .map_err(|_| wrong())?;
    let cx = OpCx {
        principal,
        source: Arc::clone(&peer.source),
        now: gate.now(),
    };
    if cx.require(Permission::OverrideManage).is_err() {
        let text = "Missing required scope: override:manage";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", text));
    }
    let agent = ids::agent_reference(&body.text("agentId")?);
    let metric: String = body.text("metric")?.chars().take(200).collect();
    let reason = format!("Guardrail breach: {metric}");
    let mut found = gate.overrides(&cx)?.into_iter();
    let known = found.find(|one| one.agent == agent && one.reason == reason);
    match (body.fields.get("event").and_then(Value::as_str), known) {
        (Some("breach"), Some(known)) => Ok(Document(
            json!({"status": "override_created", "overrideId": ids::short(known.id.uuid())}),
        )),
        (Some("breach"), None) => {
            let draft = OverrideDraft {
                agent,
                action: "*".to_owned(),
                is_denied: false,
                reason,
                expires_in_seconds: Some(BREACH_SECONDS),
            };
            let one = gate.add_override(&cx, draft).await?;
            Ok(Document(
                json!({"status": "override_created", "overrideId": ids::short(one.id.uuid())}),
            ))
        }
        (Some("recovery"), Some(known)) => {
            gate.remove_override(&cx, known.id).await?;
            Ok(Document(
                json!({"status": "override_removed", "overrideId": ids::short(known.id.uuid())}),
            ))
        }
        (Some("recovery"), None) => Ok(Document(
            json!({"status": "ignored", "reason": "no override of this breach is active"}),
        )),
        _ => Ok(Document(
            json!({"status": "ignored", "reason": "unknown event"}),
        )),
    }
}
