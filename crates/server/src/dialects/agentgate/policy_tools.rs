//! Policies before they count: templates, a simulation over the past, a dry run.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use countersign_domain::Verdict;
use countersign_gate::{PolicyListDraft, first_match};
use http::StatusCode;
use serde_json::{Value, json};

use super::{body::Object, ids, paging, policies, requests, templates};
use crate::{caller::Caller, problem::Result};

/// Policies to begin with.
#[utoipa::path(get, path = "/api/policies/templates", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_templates() -> Document<Value> {
    Document(json!({"templates": templates::all()}))
}

/// Adds a policy that is made from a template.
#[utoipa::path(post, path = "/api/policies/from-template", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_from_template(caller: Caller, body: Object) -> Result<Response> {
    let wanted = body.text("templateId")?;
    let template = templates::all()
        .into_iter()
        .find(|it| it["id"] == wanted.as_str());
    let template = template.ok_or_else(|| ids::not_found("Template not found"))?;
    let changes = body.optional_object("overrides")?;
    let rules = json!({"rules": template["rules"]});
    let written = Object {
        bytes: Bytes::from(rules.to_string()),
        fields: rules.as_object().cloned().unwrap_or_default(),
    };
    let draft = PolicyListDraft {
        name: changes["name"]
            .as_str()
            .or_else(|| template["name"].as_str())
            .unwrap_or_default()
            .to_owned(),
        priority: changes["priority"]
            .as_i64()
            .or_else(|| template["priority"].as_i64())
            .unwrap_or(100),
        is_enabled: changes["enabled"].as_bool().unwrap_or(true),
        rules: policies::rules(&written, &policies::Scope::Global)?,
        source: json!({"rules": template["rules"], "scope": "global", "agentIds": null, "toolIds": null}),
    };
    let list = caller.gate.add_policy_list(caller.cx(), draft).await?;
    let mut told = policies::view(&list);
    told["templateId"] = json!(wanted);
    Ok((StatusCode::CREATED, Document(told)).into_response())
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "auto_approve",
        Verdict::Ask => "route_to_human",
        Verdict::Deny => "auto_deny",
    }
}

/// What rules would have said to the requests of the past.
#[utoipa::path(post, path = "/api/policies/simulate", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_simulate(caller: Caller, body: Object) -> Result<Document<Value>> {
    let (scope, _) = policies::scope(&caller, &body)?;
    let rules = policies::rules(&body, &scope)?;
    let limit = body.number("limit")?.unwrap_or(100).clamp(1, 500);
    let time = |name: &'static str, is_end: bool| -> Result<_> {
        let text = body.optional_text(name)?;
        text.map(|text| paging::time(name, &text, is_end))
            .transpose()
    };
    let (since, until) = (time("from", false)?, time("to", true)?);
    let limit = u32::try_from(limit).unwrap_or(100);
    let recorded = caller
        .gate
        .recorded(caller.cx(), since, until, limit)
        .await?;
    let mut counts = [0_u64; 3];
    let mut changed = 0;
    let mut details = Vec::with_capacity(recorded.len());
    for one in &recorded {
        let candidate =
            first_match(&rules, &one.facts).map_or(Verdict::Ask, |at| rules[at].verdict);
        counts[candidate as usize] += 1;
        let has_changed = candidate != one.verdict;
        changed += u64::from(has_changed);
        details.push(json!({"requestId": ids::short(one.id.uuid()), "action": one.action, "candidateDecision": word(candidate),
            "currentDecision": word(one.verdict), "changed": has_changed}));
    }
    Ok(Document(json!({
        "total": recorded.len(),
        "results": {"autoApproved": counts[Verdict::Allow as usize], "autoDenied": counts[Verdict::Deny as usize],
            "routedToHuman": counts[Verdict::Ask as usize]},
        "changed": changed,
        "details": details,
    })))
}

/// What a policy would say to a request that nobody makes.
#[utoipa::path(post, path = "/api/policies/{id}/dry-run", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_dry_run(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    let list = caller
        .gate
        .policy_list(caller.cx(), policies::policy_id(&id)?);
    let list = list.map_err(ids::named("Policy not found"))?;
    let facts = caller.gate.imagined(
        body.text("action")?,
        body.optional_object("params")?,
        body.optional_object("context")?,
        requests::urgency(body.fields.get("urgency").and_then(Value::as_str)),
    )?;
    let Some(at) = first_match(&list.rules, &facts) else {
        return Ok(Document(
            json!({"decision": "route_to_human", "matchedRule": null,
            "reason": "No rule of this policy matches: a human is asked"}),
        ));
    };
    let written = list.source["rules"][at].clone();
    Ok(Document(
        json!({"decision": written["decision"], "matchedRule": written, "reason": list.rules[at].reason}),
    ))
}
