//! Channels: only webhooks go out; the others are not set up.

use axum::{Json as Document, extract::Path};
use serde_json::{Value, json};

use super::body::Object;
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

const CHANNELS: [&str; 4] = ["email", "slack", "discord", "webhook"];

/// Which channels there are, and how they have fared.
#[utoipa::path(get, path = "/api/channels/health", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_channel_health(caller: Caller) -> Result<Document<Value>> {
    let has_webhooks = !caller.gate.webhooks(caller.cx())?.is_empty();
    let channels: serde_json::Map<_, _> = CHANNELS
        .iter()
        .map(|channel| {
            let is_set_up = *channel == "webhook" && has_webhooks;
            let status = if is_set_up { "healthy" } else { "not_configured" };
            let told = json!({"configured": is_set_up, "type": channel, "successCount": 0, "failureCount": 0,
                "consecutiveFailures": 0, "lastSuccessAt": null, "lastFailureAt": null, "status": status});
            ((*channel).to_owned(), told)
        })
        .collect();
    Ok(Document(json!({"channels": channels})))
}

/// Tries a channel.
#[utoipa::path(post, path = "/api/channels/{kind}/test", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_channel_test(
    Path(kind): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    body.text("target")?;
    let text = if CHANNELS.contains(&kind.as_str()) {
        "Channel is not configured: test a webhook by its id (POST /api/webhooks/:id/test)"
    } else {
        "Unknown channel"
    };
    Err(Problem::invalid("type", text))
}
