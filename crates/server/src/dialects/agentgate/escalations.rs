//! Escalation rules: what happens when nobody decides. Approving by itself is not among it.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use countersign_domain::{EscalationRule, EscalationRuleId, PolicyListId};
use countersign_gate::EscalationDraft;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    body::{Object, Params},
    ids,
    paging::{Page, millis},
};
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

const MISSING: &str = "Escalation rule not found";
const AFTER_SECONDS: i64 = 1_800;

fn view(rule: &EscalationRule) -> Value {
    let to = rule
        .channel
        .clone()
        .unwrap_or_else(|| "decision:deny".to_owned());
    json!({"id": ids::short(rule.id.uuid()), "policyId": rule.list.map(|list| ids::short(list.uuid())), "triggerAfterSec": rule.after_seconds,
        "escalateTo": to, "priority": rule.priority, "enabled": u8::from(rule.is_enabled), "createdAt": millis(rule.created_at) / 1_000})
}

fn draft(body: &Object) -> Result<EscalationDraft> {
    let to = body.text("escalateTo")?;
    let channel = match to.as_str() {
        "decision:deny" => None,
        "decision:approve" => {
            return Err(Problem::invalid(
                "escalateTo",
                "nothing is approved because nobody decided: use decision:deny, or a channel",
            ));
        }
        channel if channel.contains(':') => Some(to),
        _ => {
            return Err(Problem::invalid(
                "escalateTo",
                "escalateTo must be channel:target or decision:deny",
            ));
        }
    };
    let list = match body.optional_text("policyId")? {
        Some(id) => Some(PolicyListId::new(ids::id(&id, "Policy not found")?)),
        None => None,
    };
    let after = body.number("triggerAfterSec")?.unwrap_or(AFTER_SECONDS);
    let is_enabled = match body.fields.get("enabled") {
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        _ => body.flag("enabled", true)?,
    };
    Ok(EscalationDraft {
        list,
        after_seconds: u64::try_from(after).unwrap_or(0),
        channel,
        priority: body.number("priority")?.unwrap_or(100),
        is_enabled,
    })
}

/// Every escalation rule.
#[utoipa::path(get, path = "/api/escalation-rules", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_escalations(
    caller: Caller,
    params: Params,
) -> Result<Document<Value>> {
    let page = Page::of(&params);
    let rules = page.cut(caller.gate.escalation_rules(caller.cx())?);
    let rules: Vec<Value> = rules.iter().map(view).collect();
    Ok(Document(
        json!({"rules": rules, "limit": page.limit, "offset": page.offset}),
    ))
}

/// Adds an escalation rule.
#[utoipa::path(post, path = "/api/escalation-rules", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_escalation(caller: Caller, body: Object) -> Result<Response> {
    let rule = caller
        .gate
        .put_escalation_rule(caller.cx(), None, draft(&body)?)
        .await?;
    Ok((StatusCode::CREATED, Document(view(&rule))).into_response())
}

/// Puts an escalation rule in the place of another.
#[utoipa::path(put, path = "/api/escalation-rules/{id}", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_replace_escalation(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    let id = EscalationRuleId::new(ids::id(&id, MISSING)?);
    let rule = caller
        .gate
        .put_escalation_rule(caller.cx(), Some(id), draft(&body)?)
        .await;
    Ok(Document(view(&rule.map_err(ids::named(MISSING))?)))
}

/// Removes an escalation rule.
#[utoipa::path(delete, path = "/api/escalation-rules/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_remove_escalation(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let rule = EscalationRuleId::new(ids::id(&id, MISSING)?);
    let removed = caller.gate.remove_escalation_rule(caller.cx(), rule).await;
    removed.map_err(ids::named(MISSING))?;
    Ok(Document(json!({"success": true, "id": id})))
}
