//! Webhooks.

use axum::{
    Json as Document,
    extract::Path,
    response::{IntoResponse, Response},
};
use countersign_domain::{DeliveryId, DeliveryState, SignatureStyle, Subscription, Webhook};
use countersign_gate::{DeliveryFilter, DeliveryView, SecretString, WebhookChange, WebhookDraft};
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

const MISSING: &str = "Webhook not found";
const RECENT: u32 = 20;

fn view(webhook: &Webhook) -> Value {
    let events: Vec<_> = webhook.events.iter().map(|event| event.as_str()).collect();
    json!({"id": ids::short(webhook.id.uuid()), "url": webhook.url, "events": events, "createdAt": millis(webhook.created_at),
        "enabled": webhook.is_enabled})
}

fn delivery(view: &DeliveryView) -> Value {
    let row = &view.row;
    json!({"id": ids::short(row.id.uuid()), "webhookId": ids::short(row.receiver), "event": row.event.as_str(), "payload": view.payload,
        "status": row.state.as_str(), "attempts": row.attempts, "lastAttemptAt": row.attempted_at.map(millis),
        "responseCode": row.response_code, "responseBody": row.response_text})
}

fn events(body: &Object) -> Result<Option<Vec<Subscription>>> {
    let Some(words) = body.optional_texts("events")? else {
        return Ok(None);
    };
    if words.is_empty() {
        return Err(Problem::invalid("events", "At least one event is required"));
    }
    let parsed = words.iter().map(|word| {
        word.parse()
            .map_err(|fault: countersign_domain::UnknownWord| {
                Problem::invalid("events", fault.to_string())
            })
    });
    parsed.collect::<Result<_>>().map(Some)
}

fn webhook_id(text: &str) -> Result<String> {
    ids::id(text, MISSING).map(|id| id.to_string())
}

/// Every webhook.
#[utoipa::path(get, path = "/api/webhooks", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_list_webhooks(caller: Caller) -> Result<Document<Value>> {
    let webhooks = caller.gate.webhooks(caller.cx())?;
    let webhooks: Vec<Value> = webhooks.iter().map(|webhook| view(webhook)).collect();
    Ok(Document(json!({"webhooks": webhooks})))
}

/// Adds a webhook. Its secret is shown this once.
#[utoipa::path(post, path = "/api/webhooks", tag = "agentgate", request_body = Object, responses((status = 201, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_create_webhook(caller: Caller, body: Object) -> Result<Response> {
    let url = body.text("url")?;
    let events = events(&body)?;
    let events = events
        .ok_or_else(|| Problem::invalid("events", "events is required and must be an array"))?;
    let secret = body.optional_text("secret")?;
    if secret
        .as_ref()
        .is_some_and(|secret| secret.chars().count() < 32)
    {
        return Err(Problem::invalid(
            "secret",
            "secret must be at least 32 characters",
        ));
    }
    let draft = WebhookDraft {
        url,
        events,
        secret: secret.map(SecretString::new),
        signature_style: SignatureStyle::default(),
        links: false,
        enabled: true,
        description: String::new(),
    };
    let made = caller.gate.add_webhook(caller.cx(), draft).await?;
    let mut told = view(&made.webhook);
    told["secret"] = json!(made.secret.expose());
    told["message"] = json!("Save this secret - it will not be shown again");
    Ok((StatusCode::CREATED, Document(told)).into_response())
}

async fn page(
    caller: &Caller,
    id: &str,
    state: Option<DeliveryState>,
    wanted: usize,
) -> Result<Vec<DeliveryView>> {
    let mut found = Vec::new();
    let mut filter = DeliveryFilter {
        state,
        ..DeliveryFilter::default()
    };
    loop {
        let read = caller.gate.deliveries(caller.cx(), id, filter).await;
        let read = read.map_err(ids::named(MISSING))?;
        found.extend(read.items);
        filter.before = read.next.and_then(|next| next.parse::<DeliveryId>().ok());
        if filter.before.is_none() || found.len() >= wanted {
            return Ok(found);
        }
    }
}

/// One webhook, with its last deliveries.
#[utoipa::path(get, path = "/api/webhooks/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_get_webhook(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let id = webhook_id(&id)?;
    let webhook = caller.gate.webhook(caller.cx(), &id);
    let mut told = view(&*webhook.map_err(ids::named(MISSING))?);
    let recent = page(&caller, &id, None, RECENT as usize).await?;
    told["deliveries"] = recent.iter().take(RECENT as usize).map(delivery).collect();
    Ok(Document(told))
}

/// What was sent to a webhook, newest first.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_deliveries(
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Document<Value>> {
    let id = webhook_id(&id)?;
    let asked = Page::of(&params);
    let state: Option<DeliveryState> = params.text("status").and_then(|word| word.parse().ok());
    let stats = caller.gate.webhook_stats(caller.cx()).await?;
    let stats = stats.iter().find(|one| one.webhook.id.to_string() == id);
    let counts = stats.ok_or_else(|| ids::not_found(MISSING))?.counts;
    let total = match state {
        None => counts.success + counts.failed + counts.pending,
        Some(DeliveryState::Success) => counts.success,
        Some(DeliveryState::Failed) => counts.failed,
        Some(DeliveryState::Pending) => counts.pending,
    };
    let wanted = asked.offset.min(10_000) as usize + asked.limit as usize;
    let found = asked.cut(page(&caller, &id, state, wanted).await?);
    let deliveries: Vec<Value> = found.iter().map(delivery).collect();
    Ok(Document(
        json!({"deliveries": deliveries, "pagination": asked.told(total)}),
    ))
}

/// Changes a webhook.
#[utoipa::path(patch, path = "/api/webhooks/{id}", tag = "agentgate", request_body = Object, responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_change_webhook(
    caller: Caller,
    Path(id): Path<String>,
    body: Object,
) -> Result<Document<Value>> {
    let enabled = match body.fields.get("enabled") {
        None => None,
        Some(_) => Some(body.flag("enabled", true)?),
    };
    let change = WebhookChange {
        url: body.optional_text("url")?,
        events: events(&body)?,
        enabled,
        ..WebhookChange::default()
    };
    if change.is_empty() {
        return Err(Problem::invalid(".", "No fields to update"));
    }
    let changed = caller
        .gate
        .update_webhook(caller.cx(), &webhook_id(&id)?, change)
        .await;
    changed.map_err(ids::named(MISSING))?;
    Ok(Document(json!({"success": true})))
}

/// Removes a webhook.
#[utoipa::path(delete, path = "/api/webhooks/{id}", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_remove_webhook(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let removed = caller
        .gate
        .remove_webhook(caller.cx(), &webhook_id(&id)?)
        .await;
    removed.map_err(ids::named(MISSING))?;
    Ok(Document(json!({"success": true})))
}

/// Sends a test, and waits for its answer.
#[utoipa::path(post, path = "/api/webhooks/{id}/test", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError), (status = 500, body = Object)))]
pub(crate) async fn agentgate_test_webhook(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response> {
    let tested = caller
        .gate
        .test_webhook(caller.cx(), &webhook_id(&id)?)
        .await;
    let answer = tested.map_err(ids::named(MISSING))?.answer;
    let Some(code) = answer.code else {
        let told = json!({"success": false, "status": null, "message": "The receiver could not be reached"});
        return Ok((StatusCode::INTERNAL_SERVER_ERROR, Document(told)).into_response());
    };
    let message = if answer.is_success() {
        "Test webhook delivered"
    } else {
        "The receiver did not take the test"
    };
    let told = json!({"success": answer.is_success(), "status": code, "message": message});
    Ok(Document(told).into_response())
}

/// How webhooks have fared.
#[utoipa::path(get, path = "/api/webhooks/stats", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_webhook_stats(caller: Caller) -> Result<Document<Value>> {
    #[expect(clippy::cast_precision_loss, reason = "rates are for graphs")]
    fn rate(part: u64, whole: u64) -> f64 {
        if whole == 0 {
            return 0.0;
        }
        part as f64 / whole as f64
    }
    let stats = caller.gate.webhook_stats(caller.cx()).await?;
    let (mut total, mut success, mut failed, mut retrying) = (0, 0, 0, 0);
    let each: Vec<Value> = stats
        .iter()
        .map(|one| {
            let counts = one.counts;
            let all = counts.success + counts.failed + counts.pending;
            total += all;
            success += counts.success;
            failed += counts.failed;
            retrying += counts.retrying;
            json!({"webhookId": ids::short(one.webhook.id.uuid()), "url": one.webhook.url, "totalDeliveries": all,
                "successCount": counts.success, "failureCount": counts.failed,
                "successRate": rate(counts.success, counts.success + counts.failed)})
        })
        .collect();
    Ok(Document(
        json!({"totalDeliveries": total, "successCount": success, "failureCount": failed,
        "successRate": rate(success, success + failed), "avgResponseTimeMs": 0, "pendingRetryCount": retrying, "perWebhook": each}),
    ))
}

/// Sends a delivery again that was given up.
#[utoipa::path(post, path = "/api/webhooks/deliveries/{id}/replay", tag = "agentgate", responses((status = 200, body = Object), (status = "4XX", body = super::AgentGateError)))]
pub(crate) async fn agentgate_replay(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<Value>> {
    let missing = "Delivery not found";
    let id = DeliveryId::new(ids::id(&id, missing)?);
    let replayed = caller.gate.replay_delivery(caller.cx(), id).await;
    let view = replayed.map_err(|error| match error.kind {
        countersign_gate::ErrorKind::Conflict => {
            Problem::invalid("id", "Only failed deliveries can be replayed")
        }
        _ => ids::named(missing)(error),
    })?;
    Ok(Document(
        json!({"success": true, "delivery": delivery(&view)}),
    ))
}
