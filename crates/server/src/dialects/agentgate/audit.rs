//! What happened, as a list of plain events.

use axum::Json as Document;
use countersign_domain::{AgentId, RequestId};
use countersign_gate::HistoryFilter;
use serde_json::{Value, json};

use super::{body::Params, ids, paging::Page, requests};
use crate::{caller::Caller, problem::Result};

/// Events, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_audit(caller: Caller, params: Params) -> Result<Document<Value>> {
    let page = Page::of(&params);
    let request = params.text("requestId");
    let agent = params.text("verifiedAgentId");
    let agent = agent.map(|agent| ids::agent_reference(&agent));
    let filter = HistoryFilter {
        // An id that is none fits nothing.
        request: request.map(|id| RequestId::new(ids::long(&id).unwrap_or_default())),
        agent: agent.map(|id| id.parse().unwrap_or(AgentId::new(uuid::Uuid::nil()))),
        action: params.text("action"),
        states: params
            .text("status")
            .as_deref()
            .map(requests::states)
            .unwrap_or_default(),
        event: params.text("eventType"),
        actor: params.text("actor"),
        decider: params.text("decidedByType"),
        since: params.time("from", false)?,
        until: params.time("to", true)?,
        offset: page.offset,
        limit: page.limit,
        ..HistoryFilter::default()
    };
    let (events, total) = caller.gate.history(caller.cx(), filter).await?;
    let entries: Vec<Value> = events
        .iter()
        .map(|event| {
            let mut entry = requests::event(event);
            entry["request"] = json!({"id": ids::short(event.request.uuid()), "action": event.action,
                "status": requests::word(event.state), "urgency": event.urgency.as_str()});
            entry
        })
        .collect();
    Ok(Document(
        json!({"entries": entries, "pagination": page.told(total)}),
    ))
}

/// The different actions.
#[utoipa::path(get, path = "/api/audit/actions", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_audit_actions(caller: Caller) -> Result<Document<Value>> {
    let actions = caller.gate.history_words(caller.cx(), false).await?;
    Ok(Document(json!({"actions": actions})))
}

/// The different actors, as clients have called them. Unverified.
#[utoipa::path(get, path = "/api/audit/actors", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_audit_actors(caller: Caller) -> Result<Document<Value>> {
    let actors = caller.gate.history_words(caller.cx(), true).await?;
    Ok(Document(json!({"actors": actors})))
}
