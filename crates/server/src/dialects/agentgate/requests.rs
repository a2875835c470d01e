//! Requests: asking, looking, deciding.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use countersign_domain::{RequestId, RequestState, RuleId, Timestamp, Urgency, Verdict, VoteKind};
use countersign_gate::{
    ActionDraft, CALLER, ErrorKind, FullRequest, HistoryEvent, Principal, RequestFilter,
    RequestOrder, RequestView, Route, Submission,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{
    body::{Object, Params},
    ids,
    paging::{Page, iso, millis},
};
use crate::{
    caller::Caller,
    problem::{Problem, Result},
};

const MISSING: &str = "Request not found";

/// The word for a state: these clients know four.
pub(super) const fn word(state: RequestState) -> &'static str {
    match state {
        RequestState::Received | RequestState::Pending => "pending",
        RequestState::Approved
        | RequestState::Executing
        | RequestState::Succeeded
        | RequestState::Failed
        | RequestState::Unknown => "approved",
        RequestState::Denied
        | RequestState::Stale
        | RequestState::Revoked
        | RequestState::Cancelled => "denied",
        RequestState::Expired => "expired",
    }
}

/// The states that a word stands for; none for an unknown word, which is ignored.
pub(super) fn states(text: &str) -> Vec<RequestState> {
    RequestState::EVERY
        .into_iter()
        .filter(|state| *state != RequestState::Received && word(*state) == text)
        .collect()
}

struct Decided {
    at: Option<Timestamp>,
    by: Option<String>,
    reason: Option<String>,
}

fn decided(view: &RequestView) -> Decided {
    let request = &view.request;
    let nobody = Decided {
        at: None,
        by: None,
        reason: None,
    };
    match request.state {
        RequestState::Received | RequestState::Pending => Decided {
            reason: request
                .rule
                .starts_with("override:")
                .then(|| request.reason.clone()),
            ..nobody
        },
        RequestState::Expired => Decided {
            at: Some(request.changed_at),
            by: Some("system".to_owned()),
            reason: None,
        },
        _ => {
            let (by, reason) = match view.votes.last() {
                Some(vote) => {
                    let known = || view.operator_names.get(&vote.operator).cloned();
                    let by = vote.label.clone().or_else(known);
                    let note = (!vote.note.is_empty()).then(|| vote.note.clone());
                    (by.unwrap_or_else(|| "operator".to_owned()), note)
                }
                None if request.verdict == Verdict::Ask => {
                    ("system".to_owned(), request.outcome.clone())
                }
                None => {
                    let by = match request.rule.split(':').next() {
                        Some("override") => "override",
                        Some("budget") => "budget",
                        _ => "policy",
                    };
                    (by.to_owned(), Some(request.reason.clone()))
                }
            };
            Decided {
                at: Some(request.changed_at),
                by: Some(by),
                reason,
            }
        }
    }
}

/// A request as these clients read it.
pub(super) fn row(full: &FullRequest, now: Timestamp) -> Value {
    let request = &full.view.request;
    let decided = decided(&full.view);
    let is_pending = request.state == RequestState::Pending;
    let deadline = request.deadline.filter(|_| is_pending);
    json!({
        "id": ids::short(request.id.uuid()),
        "action": request.action,
        "params": full.params,
        "context": full.context,
        "status": word(request.state),
        "urgency": request.urgency.as_str(),
        "createdAt": iso(request.created_at),
        "updatedAt": iso(request.changed_at),
        "decidedAt": decided.at.map(iso),
        "decidedBy": decided.by,
        "decisionReason": decided.reason,
        "expiresAt": deadline.map(iso),
        "slaRemainingMs": deadline.map(|deadline| millis(deadline) - millis(now)),
    })
}

/// What was decided when it was asked, and who is asked.
fn policy_decision(caller: &Caller, view: &RequestView) -> Value {
    let request = &view.request;
    let plain = match request.verdict {
        Verdict::Allow => "auto_approve",
        Verdict::Ask => "route_to_human",
        Verdict::Deny => "auto_deny",
    };
    let rule = request.rule.strip_prefix("rule:");
    let rule = rule.and_then(|id| id.parse::<RuleId>().ok());
    let listed = rule.and_then(|rule| {
        let (list, position) = caller.gate.list_of_rule(rule)?;
        list.source.get("rules")?.get(position).cloned()
    });
    let written = listed.unwrap_or_default();
    let mut told =
        json!({"decision": written.get("decision").and_then(Value::as_str).unwrap_or(plain)});
    for part in ["approvers", "channels"] {
        if let Some(list) = written.get(part).filter(|list| list.is_array()) {
            told[part] = list.clone();
        }
    }
    told
}

/// How soon: what is not known is normal.
pub(super) fn urgency(text: Option<&str>) -> Urgency {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The agent that the headers prove, if they claim one.
fn claimed(caller: &Caller, headers: &HeaderMap) -> Result<Option<String>> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let unknown = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "agent_unknown",
            "API key is bound to a revoked or unknown agent",
        )
    };
    let proof = match (header("x-agent-token"), header("x-agent-secret")) {
        (Some(token), _) => token,
        (None, Some(secret)) => secret,
        (None, None) if header("x-agent-id").is_some() => return Err(unknown()),
        (None, None) => return Ok(None),
    };
    let agent = caller
        .gate
        .identify_agent(proof)
        .map_err(|error| match error.kind {
            ErrorKind::Unauthenticated => unknown(),
            _ => error.into(),
        })?;
    let named = header("x-agent-id").map(ids::agent_reference);
    let is_it = |named: &String| *named == agent.id.to_string() || *named == agent.name.as_str();
    let different = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "agent_differs",
            "API key is bound to a different agent than the request claims",
        )
    };
    if named.is_some_and(|named| !is_it(&named)) {
        return Err(different());
    }
    match &caller.cx().principal {
        Principal::Agent { agent: own, .. } if own.id != agent.id => Err(different()),
        Principal::Agent { .. } => Ok(None),
        _ => Ok(Some(agent.id.to_string())),
    }
}

/// Asks, as whoever the key acts as.
pub(super) async fn ask(
    caller: &Caller,
    headers: &HeaderMap,
    (action, params, context): (String, Value, Value),
    urgency: Urgency,
    until: Option<Timestamp>,
) -> Result<RequestView> {
    let claimed = claimed(caller, headers)?;
    let agent = match &caller.cx().principal {
        Principal::Agent { .. } => None,
        _ => match claimed {
            Some(agent) => Some(agent),
            None => Some(
                caller
                    .gate
                    .asking_agent_of_key(caller.cx())
                    .await?
                    .id
                    .to_string(),
            ),
        },
    };
    let draft = ActionDraft {
        agent,
        route: Route::Named {
            target: CALLER.to_owned(),
            profile: None,
            action,
        },
        input: json!({"params": params, "context": context}),
        body: Bytes::new(),
        intent: String::new(),
        urgency,
        idempotency_key: crate::api::actions::idempotency_key(headers)?,
    };
    let answer = caller.gate.submit_until(caller.cx(), draft, until).await;
    let submission = answer.map_err(|error| match error.code {
        "no_target" => Problem::new(
            StatusCode::FORBIDDEN,
            "no_grant",
            "Forbidden: this agent has no grant on the target `caller`",
        ),
        _ => error.into(),
    })?;
    match submission {
        Submission::Approved(view) | Submission::Pending(view) | Submission::Denied(view) => {
            Ok(*view)
        }
        Submission::Replied(reply) => {
            let full = caller.gate.full_request(caller.cx(), reply.request).await?;
            Ok(full.view)
        }
    }
}

/// Asks whether an action may be done.
#[utoipa::path(post, path = "/api/requests", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_request(
    caller: Caller,
    headers: HeaderMap,
    body: Object,
) -> Result<Response> {
    let action = body.text("action")?;
    let params = body.optional_object("params")?;
    let context = body.optional_object("context")?;
    let urgency = urgency(body.fields.get("urgency").and_then(Value::as_str));
    let until = match body.optional_text("expiresAt")? {
        Some(text) => Some(super::paging::time("expiresAt", &text, false)?),
        None => None,
    };
    let asked = (action, params.clone(), context.clone());
    let view = ask(&caller, &headers, asked, urgency, until).await?;
    let decision = policy_decision(&caller, &view);
    let full = FullRequest {
        view,
        params,
        context,
    };
    let mut told = row(&full, caller.gate.now());
    told["policyDecision"] = decision;
    if until.is_none() {
        // What it expires by itself at was not asked for.
        told["expiresAt"] = Value::Null;
    }
    if let Value::Object(fields) = &mut told {
        fields.remove("slaRemainingMs");
    }
    Ok((StatusCode::CREATED, Document(told)).into_response())
}

/// Requests, newest first.
#[utoipa::path(get, path = "/api/requests", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_requests(
    caller: Caller,
    params: Params,
) -> Result<Document<Value>> {
    let page = Page::of(&params);
    let filter = RequestFilter {
        states: params
            .text("status")
            .as_deref()
            .map(states)
            .unwrap_or_default(),
        action: params.text("action"),
        order: match params.text("sort").as_deref() {
            Some("urgency") => RequestOrder::Urgency,
            // What waits longest has the least time left.
            Some("sla_remaining") => RequestOrder::Oldest,
            _ => RequestOrder::Newest,
        },
        ..RequestFilter::default()
    };
    let found = caller
        .gate
        .full_requests(caller.cx(), filter, page.offset, page.limit)
        .await?;
    let now = caller.gate.now();
    let requests: Vec<Value> = found.items.iter().map(|full| row(full, now)).collect();
    Ok(Document(
        json!({"requests": requests, "pagination": page.told(found.total)}),
    ))
}

fn request_id(text: &str) -> Result<RequestId> {
    ids::id(text, MISSING).map(RequestId::new)
}

/// One request.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_get_request(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let found = caller
        .gate
        .full_request(caller.cx(), request_id(&id)?)
        .await;
    let full = found.map_err(ids::named(MISSING))?;
    Ok(Document(row(&full, caller.gate.now())))
}

/// Approves or denies a request, by the credential: who a client says that it decides for is a label.
#[utoipa::path(post, path = "/api/requests/{id}/decide", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_decide(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    let kind = match body.fields.get("decision").and_then(Value::as_str) {
        Some("approved") => VoteKind::Approve,
        Some("denied") => VoteKind::Deny,
        _ => {
            return Err(Problem::invalid(
                "decision",
                "decision must be 'approved' or 'denied'",
            ));
        }
    };
    let label: String = body.text("decidedBy")?.chars().take(200).collect();
    let note = body.optional_text("reason")?.unwrap_or_default();
    let cx = caller.gate.as_integration(caller.cx());
    let id = request_id(&id)?;
    let answer = caller
        .gate
        .decide_labelled(&cx, id, kind, note, label)
        .await;
    let full = match answer {
        Ok(full) => full,
        // In this dialect's words: a second decision is a conflict, whatever the first one was.
        Err(error) if matches!(error.code, "already_decided" | "already_voted" | "expired") => {
            let now = caller.gate.full_request(&cx, id).await?;
            let text = format!("Request already {}", word(now.view.request.state));
            return Err(Problem::new(StatusCode::CONFLICT, "already_decided", text));
        }
        Err(error) => return Err(ids::named(MISSING)(error)),
    };
    Ok(Document(row(&full, caller.gate.now())))
}

/// An event as these clients read it.
pub(super) fn event(event: &HistoryEvent) -> Value {
    // Two events of one entry have ids of their own.
    let mut id = event.entry.uuid().into_bytes();
    id[15] ^= u8::from(event.is_first_of_two);
    let mut details = serde_json::Map::new();
    if !event.decider.is_empty() {
        details.insert("decidedByType".to_owned(), json!(event.decider));
        details.insert("owaspRisk".to_owned(), json!(owasp(&event.decider)));
        let reason = match event.decider.as_str() {
            "human" => event.note.clone().filter(|note| !note.is_empty()),
            _ => Some(event.reason.clone()),
        };
        details.insert("reason".to_owned(), json!(reason));
    } else if event.event == "created" {
        details.insert("action".to_owned(), json!(event.action));
        details.insert("urgency".to_owned(), json!(event.urgency.as_str()));
    }
    json!({
        "id": ids::short(uuid::Uuid::from_bytes(id)),
        "requestId": ids::short(event.request.uuid()),
        "eventType": event.event,
        "actor": event.actor,
        "details": details,
        "createdAt": iso(event.at),
    })
}

pub(super) fn owasp(decider: &str) -> &'static str {
    if decider == "budget_limiter" {
        "LLM10:2025 Unbounded Consumption"
    } else {
        "LLM06:2025 Excessive Agency"
    }
}

/// What happened to a request, oldest first.
#[utoipa::path(get, path = "/api/requests/{id}/audit", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_request_audit(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let events = caller.gate.history_of(caller.cx(), request_id(&id)?).await;
    let events = events.map_err(ids::named(MISSING))?;
    Ok(Document(events.iter().map(event).collect()))
}

/// How much waits.
#[utoipa::path(get, path = "/api/requests/queue-stats", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_queue_stats(caller: Caller) -> Result<Document<Value>> {
    let waiting = caller.gate.waiting(caller.cx()).await?;
    let now = millis(caller.gate.now());
    let oldest = waiting.iter().filter_map(|pending| pending.oldest_at).min();
    let by_urgency: serde_json::Map<_, _> = waiting
        .iter()
        .map(|pending| (pending.urgency.as_str().to_owned(), json!(pending.count)))
        .collect();
    Ok(Document(json!({
        "total_pending": waiting.iter().map(|pending| pending.count).sum::<u64>(),
        "by_urgency": by_urgency,
        "oldest_pending_age_ms": oldest.map(|oldest| now - millis(oldest)),
    })))
}

/// What humans approved every time: what a policy could approve.
#[utoipa::path(get, path = "/api/requests/suggestions", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_suggestions(
    caller: Caller,
    params: Params,
) -> Result<Document<Value>> {
    let at_least = params.number("minApprovals").unwrap_or(5).max(1);
    let days = params.number("windowDays").unwrap_or(30).clamp(1, 366);
    let window = std::time::Duration::from_secs(u64::from(days) * 24 * 3_600);
    let since = caller.gate.now().saturating_sub(window);
    let wanted = params
        .text("agentId")
        .map(|text| ids::agent_reference(&text));
    let found = caller
        .gate
        .always_approved(caller.cx(), since, at_least)
        .await?;
    let suggestions: Vec<Value> = found
        .into_iter()
        .filter(|one| wanted.as_ref().is_none_or(|id| *id == one.agent.to_string()))
        .map(|one| {
            let reason = format!("Approved {} times with no denials in the last {days} days", one.approvals);
            json!({"verifiedAgentId": ids::agent(one.agent.uuid()), "action": one.action, "approvals": one.approvals,
                "denials": 0, "lastApprovedAt": millis(one.last_at), "reason": reason})
        })
        .collect();
    Ok(Document(json!({"suggestions": suggestions})))
}

/// How a request was passed on because nobody decided.
#[utoipa::path(get, path = "/api/requests/{id}/escalation-history", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_escalation_history(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let id = request_id(&id)?;
    let found = caller.gate.request(caller.cx(), id).await;
    let detail = found.map_err(ids::named(MISSING))?;
    let history: Vec<Value> = detail
        .entries
        .iter()
        .filter(|sealed| sealed.entry.kind.contains("escalated"))
        .map(|sealed| {
            json!({"id": ids::short(sealed.entry.id.uuid()), "requestId": ids::short(id.uuid()), "ruleId": Value::Null,
                "escalatedAt": millis(sealed.entry.at) / 1_000, "fromChannel": Value::Null, "toChannel": sealed.entry.outcome})
        })
        .collect();
    Ok(Document(json!({"history": history})))
}
