//! Webhooks: who is told of what happens to requests.

use axum::{Json as Document, extract::Path};
use countersign_domain::{DeliveryId, DeliveryState, SignatureStyle, Subscription, Webhook};
use countersign_gate::{
    DeliveryFilter, DeliveryView, Error, Gate, NewWebhook, SecretString, WebhookChange,
    WebhookDraft, WebhookStats,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::page::{List, Paging, parse_cursor};
use crate::{
    body::{Json, OptionalJson, Query},
    caller::Caller,
    problem::{Problem, Result},
};

/// A webhook. Its secret is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    id: Uuid,
    /// Where to.
    url: String,
    /// `request.created`, `request.approved`, `request.denied`, `request.decided`, `request.expired`, or `*`.
    events: Vec<String>,
    /// `hex` or `prefixed` (`sha256=` before it): how `X-AgentGate-Signature` is written.
    signature_style: &'static str,
    /// Whether `request.created` carries decision links.
    links: bool,
    /// The operator whose links they are; `null` where there are none.
    #[schema(required)]
    links_for: Option<String>,
    /// Whether anything is sent.
    enabled: bool,
    /// What it is for.
    description: String,
    /// Until when the secret before the last rotation signs, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<String>,
    created_at: String,
}

impl WebhookView {
    fn new(gate: &Gate, caller: &Caller, webhook: &Webhook) -> Self {
        let links_for = webhook.links_for.map(|operator| {
            let actor = countersign_domain::Actor::Operator(operator);
            gate.actor_name(caller.cx(), actor)
                .unwrap_or_else(|| operator.to_string())
        });
        Self {
            id: webhook.id.uuid(),
            url: webhook.url.clone(),
            events: webhook
                .events
                .iter()
                .map(|event| event.as_str().to_owned())
                .collect(),
            signature_style: webhook.signature_style.as_str(),
            links: links_for.is_some(),
            links_for,
            enabled: webhook.is_enabled,
            description: webhook.description.clone(),
            previous_secret_until: webhook
                .previous_until
                .filter(|until| *until > caller.cx().now)
                .map(|until| until.to_string()),
            created_at: webhook.created_at.to_string(),
        }
    }
}

/// A webhook with its secret: the only time that it is shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewWebhookView {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What deliveries are signed with. Save it: it is not shown again.
    secret: String,
}

impl NewWebhookView {
    fn new(caller: &Caller, made: &NewWebhook) -> Self {
        Self {
            webhook: WebhookView::new(&caller.gate, caller, &made.webhook),
            secret: made.secret.expose().to_owned(),
        }
    }
}

/// A webhook to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookBody {
    /// `http` or `https`; no private address, no name of this machine, no metadata service.
    url: String,
    /// At least one: `request.created`, `request.approved`, `request.denied`, `request.decided`, `request.expired`, or `*`.
    #[schema(value_type = Vec<String>)]
    events: Vec<Subscription>,
    /// Of 32 characters or more; a new one is made where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
    /// `hex` (the default) or `prefixed`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    signature_style: SignatureStyle,
    /// Whether `request.created` carries your decision links; needs the right to decide.
    #[serde(default)]
    links: bool,
    /// Whether anything is sent; true where it is left out.
    #[serde(default)]
    enabled: Option<bool>,
    /// What it is for.
    #[serde(default)]
    description: String,
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChangeBody {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Option<Vec<Subscription>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    signature_style: Option<SignatureStyle>,
    /// `true` makes the links yours, whoever's they were.
    #[serde(default)]
    links: Option<bool>,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    description: Option<String>,
}

/// How a secret is replaced.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    /// Of 32 characters or more; a new one is made where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
    /// For how long the present secret signs beside the new one; a day where it is left out, 0 ends it at once.
    #[serde(default)]
    overlap_seconds: Option<u64>,
}

/// A delivery: one notice to one receiver, with its last attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryDocument {
    /// The same in every attempt: what the receiver got as `webhook-id`.
    id: Uuid,
    webhook: Uuid,
    event: &'static str,
    /// The request that it is about; `null` for a test.
    #[schema(required)]
    request: Option<Uuid>,
    /// `pending`, `success` or `failed`.
    state: &'static str,
    attempts: u32,
    created_at: String,
    /// When it is tried next; `null` once it is over.
    #[schema(required)]
    next_attempt_at: Option<String>,
    #[schema(required)]
    last_attempt_at: Option<String>,
    /// What the receiver answered last; `null` where it did not.
    #[schema(required)]
    response_code: Option<u32>,
    /// The beginning of its answer, or why there was none. Untrusted text.
    #[schema(required)]
    response_body: Option<String>,
    /// What is sent, with `[link]` in place of decision links; `null` for who may not read requests.
    #[schema(required)]
    payload: Option<String>,
}

impl From<DeliveryView> for DeliveryDocument {
    fn from(view: DeliveryView) -> Self {
        let row = view.row;
        Self {
            id: row.id.uuid(),
            webhook: row.receiver,
            event: row.event.as_str(),
            request: row.request.map(countersign_domain::RequestId::uuid),
            state: row.state.as_str(),
            attempts: row.attempts,
            created_at: row.created_at.to_string(),
            next_attempt_at: (row.state == DeliveryState::Pending).then(|| row.due_at.to_string()),
            last_attempt_at: row.attempted_at.map(|at| at.to_string()),
            response_code: row.response_code,
            response_body: row.response_text,
            payload: view.payload,
        }
    }
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// `pending`, `success` or `failed`.
    state: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// At most this many, up to 100.
    limit: Option<u32>,
}

/// What a receiver answered to a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestDocument {
    success: bool,
    /// The receiver's status; `null` where it did not answer.
    #[schema(required)]
    status: Option<u16>,
    /// The beginning of its answer, or why there was none. Untrusted text.
    message: String,
}

/// How webhooks have fared, as far as deliveries are kept (30 days).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsDocument {
    total: u64,
    success: u64,
    failed: u64,
    pending: u64,
    /// Of the pending ones, those with an attempt that failed.
    retrying: u64,
    /// Of those that are over, the part that was taken, 0 to 1; `null` where none is over.
    #[schema(required)]
    success_rate: Option<f64>,
    webhooks: Vec<WebhookStatsView>,
}

/// How one webhook has fared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookStatsView {
    id: Uuid,
    url: String,
    success: u64,
    failed: u64,
    pending: u64,
    retrying: u64,
}

impl From<Vec<WebhookStats>> for StatsDocument {
    fn from(stats: Vec<WebhookStats>) -> Self {
        let webhooks: Vec<_> = stats
            .iter()
            .map(|stats| WebhookStatsView {
                id: stats.webhook.id.uuid(),
                url: stats.webhook.url.clone(),
                success: stats.counts.success,
                failed: stats.counts.failed,
                pending: stats.counts.pending,
                retrying: stats.counts.retrying,
            })
            .collect();
        let sum = |of: fn(&WebhookStatsView) -> u64| webhooks.iter().map(of).sum::<u64>();
        let (success, failed) = (sum(|one| one.success), sum(|one| one.failed));
        let pending = sum(|one| one.pending);
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of rows, shown as a part of one"
        )]
        let success_rate =
            (success + failed > 0).then(|| success as f64 / (success + failed) as f64);
        Self {
            total: success + failed + pending,
            success,
            failed,
            pending,
            retrying: sum(|one| one.retrying),
            success_rate,
            webhooks,
        }
    }
}

/// Every webhook.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(Paging), responses((status = 200, body = List<WebhookView>)))]
pub(crate) async fn list_webhooks(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Document<List<WebhookView>>> {
    let webhooks = caller.gate.webhooks(caller.cx())?;
    paging
        .cut(
            webhooks,
            |webhook| webhook.id.uuid(),
            |webhook| WebhookView::new(&caller.gate, &caller, &webhook),
        )
        .map(Document)
}

/// Adds a webhook. The answer has its secret, once.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookBody, responses((status = 201, body = NewWebhookView)))]
pub(crate) async fn add_webhook(
    caller: Caller,
    Json(body): Json<WebhookBody>,
) -> Result<(StatusCode, Document<NewWebhookView>)> {
    let WebhookBody {
        url,
        events,
        secret,
        signature_style,
        links,
        enabled,
        description,
    } = body;
    let draft = WebhookDraft {
        url,
        events,
        secret,
        signature_style,
        links,
        enabled: enabled.unwrap_or(true),
        description,
    };
    let made = caller.gate.add_webhook(caller.cx(), draft).await?;
    Ok((
        StatusCode::CREATED,
        Document(NewWebhookView::new(&caller, &made)),
    ))
}

/// One webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", tag = "webhooks", responses((status = 200, body = WebhookView)))]
pub(crate) async fn get_webhook(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<WebhookView>> {
    let webhook = caller.gate.webhook(caller.cx(), &id)?;
    Ok(Document(WebhookView::new(&caller.gate, &caller, &webhook)))
}

/// Changes a webhook.
#[utoipa::path(patch, path = "/api/v1/webhooks/{id}", tag = "webhooks", request_body = WebhookChangeBody, responses((status = 200, body = WebhookView)))]
pub(crate) async fn update_webhook(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<WebhookChangeBody>,
) -> Result<Document<WebhookView>> {
    let WebhookChangeBody {
        url,
        events,
        signature_style,
        links,
        enabled,
        description,
    } = body;
    let change = WebhookChange {
        url,
        events,
        signature_style,
        links,
        enabled,
        description,
    };
    let webhook = caller.gate.update_webhook(caller.cx(), &id, change).await?;
    Ok(Document(WebhookView::new(&caller.gate, &caller, &webhook)))
}

/// Removes a webhook with its deliveries.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", responses((status = 204)))]
pub(crate) async fn remove_webhook(caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.gate.remove_webhook(caller.cx(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces a webhook's secret. The answer has the new one, once.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/rotate", tag = "webhooks", request_body = Option<RotateBody>, responses((status = 200, body = NewWebhookView)))]
pub(crate) async fn rotate_webhook(
    caller: Caller,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<RotateBody>,
) -> Result<Document<NewWebhookView>> {
    let RotateBody {
        secret,
        overlap_seconds,
    } = body;
    let made = caller
        .gate
        .rotate_webhook_secret(caller.cx(), &id, secret, overlap_seconds)
        .await?;
    Ok(Document(NewWebhookView::new(&caller, &made)))
}

/// Sends a test at once and waits for the answer; it is not tried again.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks", responses((status = 200, body = TestDocument)))]
pub(crate) async fn test_webhook(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Document<TestDocument>> {
    let delivered = caller.gate.test_webhook(caller.cx(), &id).await?;
    Ok(Document(TestDocument {
        success: delivered.answer.is_success(),
        status: delivered.answer.code,
        message: delivered.answer.text,
    }))
}

/// A webhook's deliveries, newest first.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks", params(DeliveryQuery), responses((status = 200, body = List<DeliveryDocument>)))]
pub(crate) async fn deliveries(
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Document<List<DeliveryDocument>>> {
    let state = query.state.as_deref().map(str::parse::<DeliveryState>);
    let state = state
        .transpose()
        .map_err(|error| Problem::invalid("state", error.to_string()))?;
    let before = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let filter = DeliveryFilter {
        state,
        before: before.map(DeliveryId::new),
        limit: query.limit,
    };
    let page = caller.gate.deliveries(caller.cx(), &id, filter).await?;
    Ok(Document(List {
        items: page.items.into_iter().map(DeliveryDocument::from).collect(),
        next: page.next,
    }))
}

/// Sends a delivery again that was given up, under its id.
#[utoipa::path(post, path = "/api/v1/webhooks/deliveries/{id}/replay", tag = "webhooks", responses((status = 202, body = DeliveryDocument)))]
pub(crate) async fn replay(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Document<DeliveryDocument>)> {
    let id = id
        .parse::<DeliveryId>()
        .map_err(|_| Error::not_found("delivery"))?;
    let view = caller.gate.replay_delivery(caller.cx(), id).await?;
    Ok((StatusCode::ACCEPTED, Document(view.into())))
}

/// How webhooks have fared.
#[utoipa::path(get, path = "/api/v1/webhooks/stats", tag = "webhooks", responses((status = 200, body = StatsDocument)))]
pub(crate) async fn stats(caller: Caller) -> Result<Document<StatsDocument>> {
    let stats = caller.gate.webhook_stats(caller.cx()).await?;
    Ok(Document(stats.into()))
}
