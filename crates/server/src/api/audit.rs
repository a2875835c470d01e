//! The ledger: reading, verifying, exporting, pruning.

use axum::{
    Json as Document,
    body::Body,
    response::{IntoResponse, Response},
};
use countersign_domain::{Actor, RequestId, RequestState, SealedEntry, Timestamp};
use countersign_gate::{AuditFilter, RequestBrief};
use futures::TryStreamExt;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{page::List, words};
use crate::{
    body::{Json, Query},
    caller::Caller,
    problem::{Problem, Result},
};

/// A link of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// Its place: gapless, from 0. Also the event's id.
    position: u64,
    id: Uuid,
    at: String,
    /// What happened: `action.intent`, `approval.decided`, `config.agent.created` ...
    kind: String,
    /// Who did it: `agent:...`, `operator:...`, `system` ...
    actor: String,
    /// The action's id, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    action_id: Option<Uuid>,
    /// What it is about: `target:...`.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Verdict>)]
    verdict: Option<&'static str>,
    /// Who made the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The configuration epoch that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version: Option<u64>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// The chain's value after this entry, in hexadecimal.
    chain: String,
}

impl From<&SealedEntry> for EntryView {
    fn from(sealed: &SealedEntry) -> Self {
        let entry = &sealed.entry;
        Self {
            position: sealed.position,
            id: entry.id.uuid(),
            at: entry.at.to_string(),
            kind: entry.kind.clone(),
            actor: entry.actor.to_string(),
            action_id: entry.request.map(RequestId::uuid),
            subject: entry.subject.clone(),
            verdict: entry.verdict.map(countersign_domain::Verdict::as_str),
            rule: entry.rule.clone(),
            policy_version: entry.policy_version,
            outcome: entry.outcome.clone(),
            chain: countersign_domain::Digest(sealed.chain).to_string(),
        }
    }
}

/// An entry as a live view gets it, with what it tells of its request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    #[serde(flatten)]
    entry: EntryView,
    /// Enough to bring a list up to date; left out where the entry is about no request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<EventRequest>,
}

/// What an entry tells of its request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventRequest {
    /// The request's id.
    id: Uuid,
    /// The state that the entry tells of; `null` where it is other news, such as a vote.
    #[schema(value_type = Option<words::State>)]
    state: Option<RequestState>,
    /// Who asks, by name; by id once the agent is removed.
    agent: String,
    agent_id: Uuid,
    /// On what, by name; by id once the target is removed.
    target: String,
    target_id: Uuid,
    /// The action's name.
    action: String,
    #[schema(value_type = words::Effect)]
    effect: &'static str,
    #[schema(value_type = words::Urgency)]
    urgency: &'static str,
    #[schema(value_type = words::Verdict)]
    verdict: &'static str,
    /// When it came.
    created_at: String,
}

impl EventView {
    pub(crate) fn new(sealed: &SealedEntry, brief: Option<RequestBrief>) -> Self {
        Self {
            entry: EntryView::from(sealed),
            request: brief.map(|brief| {
                let request = &brief.request;
                EventRequest {
                    id: request.id.uuid(),
                    state: brief.state,
                    agent: brief.agent_name,
                    agent_id: request.agent.uuid(),
                    target: brief.target_name,
                    target_id: request.target.uuid(),
                    action: request.action.clone(),
                    effect: request.effect.as_str(),
                    urgency: request.urgency.as_str(),
                    verdict: request.verdict.as_str(),
                    created_at: request.created_at.to_string(),
                }
            }),
        }
    }
}

/// Which entries to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntryQuery {
    /// Only entries behind this position, oldest first.
    after: Option<u64>,
    /// Only entries before this position, newest first: the default order.
    before: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<u64>,
    /// At most this many, up to 200.
    limit: Option<u32>,
    /// The beginning of the kind: `approval.`.
    kind: Option<String>,
    /// `agent:...`, `operator:...`, `system`.
    actor: Option<String>,
    /// The action's id.
    #[serde(alias = "request")]
    action_id: Option<Uuid>,
    /// Not older than this.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Older than this.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
}

fn parse_actor(text: &str) -> Result<Actor> {
    let (kind, id) = text
        .split_once(':')
        .map_or((text, None), |(kind, id)| (kind, Some(id)));
    let uuid = id.map(Uuid::try_parse).transpose().ok();
    uuid.and_then(|uuid| Actor::from_parts(kind, uuid))
        .ok_or_else(|| {
            Problem::invalid(
                "actor",
                "not an actor: expected agent:ID, operator:ID, key:ID, system or anonymous",
            )
        })
}

/// Entries of the ledger.
#[utoipa::path(get, path = "/api/v1/audit/entries", tag = "audit", params(EntryQuery), responses((status = 200, body = List<EntryView>)))]
pub(crate) async fn entries(
    caller: Caller,
    Query(query): Query<EntryQuery>,
) -> Result<Document<List<EntryView>>> {
    let (after, before) = match (query.after, query.before, query.cursor) {
        (Some(after), None, cursor) => (Some(cursor.unwrap_or(after)), None),
        (None, before, cursor) => (None, cursor.or(before)),
        (Some(_), Some(_), _) => {
            return Err(Problem::invalid("after", "give either after or before"));
        }
    };
    let filter = AuditFilter {
        after,
        before,
        limit: query.limit,
        kind: query.kind,
        actor: query.actor.as_deref().map(parse_actor).transpose()?,
        request: query.action_id.map(RequestId::new),
        since: query.since,
        until: query.until,
    };
    let page = caller.gate.audit_entries(caller.cx(), filter).await?;
    Ok(Document(List {
        items: page.items.iter().map(EntryView::from).collect(),
        next: page.next,
    }))
}

/// What a verification found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerificationView {
    valid: bool,
    /// How many entries were checked.
    entries: u64,
    /// The position of the first bad entry.
    first_bad: Option<u64>,
    /// What is wrong with it.
    reason: Option<String>,
    /// The last checkpoint.
    #[schema(value_type = Option<Object>)]
    checkpoint: Value,
}

/// Verifies the whole ledger: every link, the tree, every checkpoint.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", responses((status = 200, body = VerificationView)))]
pub(crate) async fn verify(caller: Caller) -> Result<Document<VerificationView>> {
    let found = caller.gate.verify_audit(caller.cx()).await?;
    let checkpoint = serde_json::to_value(&found.checkpoint).map_err(Problem::internal)?;
    Ok(Document(VerificationView {
        valid: found.valid,
        entries: found.entries,
        first_bad: found.first_bad,
        reason: found.reason,
        checkpoint,
    }))
}

/// The whole ledger as JSON Lines, for `countersign audit verify --file`.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, description = "JSON Lines", body = String, content_type = "application/jsonl")))]
pub(crate) async fn export(caller: Caller) -> Result<Response> {
    let lines = caller.gate.export_audit(caller.cx()).await?;
    let mut response = Body::from_stream(lines.map_err(|error| {
        // Too late for a problem: the connection is reset, and the reason is in the log.
        tracing::error!(code = error.code, "the export of the ledger broke off");
        error
    }))
    .into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jsonl"),
    );
    Ok(response)
}

/// Every checkpoint that is kept, newest first.
#[utoipa::path(get, path = "/api/v1/audit/checkpoints", tag = "audit", responses((status = 200, body = List<Object>)))]
pub(crate) async fn checkpoints(caller: Caller) -> Result<Document<List<Value>>> {
    let checkpoints = caller.gate.checkpoints(caller.cx()).await?;
    let items = checkpoints
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(Problem::internal)?;
    Ok(Document(List { items, next: None }))
}

/// Makes a checkpoint now.
#[utoipa::path(post, path = "/api/v1/audit/checkpoints", tag = "audit", responses((status = 201, body = Object)))]
pub(crate) async fn make_checkpoint(caller: Caller) -> Result<(StatusCode, Document<Value>)> {
    let checkpoint = caller.gate.make_checkpoint(caller.cx()).await?;
    Ok((
        StatusCode::CREATED,
        Document(serde_json::to_value(checkpoint).map_err(Problem::internal)?),
    ))
}

/// What checkpoints are verified with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckpointKeyView {
    /// The ledger's name.
    name: String,
    /// The public key in the form of signed notes; `null` before the first checkpoint.
    key: Option<String>,
}

/// The public key that checkpoints are verified with, for a verification elsewhere.
#[utoipa::path(get, path = "/api/v1/audit/key", tag = "audit", responses((status = 200, body = CheckpointKeyView)))]
pub(crate) async fn checkpoint_key(caller: Caller) -> Result<Document<CheckpointKeyView>> {
    let key = caller.gate.audit_key(caller.cx()).await?;
    let name = key
        .as_ref()
        .map(|key| key.name().to_owned())
        .unwrap_or_default();
    Ok(Document(CheckpointKeyView {
        name,
        key: key.map(|key| key.to_string()),
    }))
}

/// How much to prune.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PruneBody {
    /// Up to here: the size of a checkpoint.
    size: u64,
}

/// Takes note that the ledger contradicts its checkpoints, after a restored backup say, so that it takes entries again. The
/// contradicting checkpoints are put aside, not deleted, and the acknowledgement is in the ledger.
#[utoipa::path(post, path = "/api/v1/audit/acknowledge", tag = "audit", responses((status = 200, body = Object)))]
pub(crate) async fn acknowledge(caller: Caller) -> Result<Document<Value>> {
    let acknowledged = caller.gate.acknowledge_ledger(caller.cx()).await?;
    Ok(Document(
        serde_json::json!({ "acknowledged": acknowledged }),
    ))
}

/// Deletes the entries under a checkpoint. What is left still verifies.
#[utoipa::path(post, path = "/api/v1/audit/prune", tag = "audit", request_body = PruneBody, responses((status = 200, body = Object)))]
pub(crate) async fn prune(caller: Caller, Json(body): Json<PruneBody>) -> Result<Document<Value>> {
    let pruned = caller.gate.prune_audit(caller.cx(), body.size).await?;
    Ok(Document(serde_json::json!({ "pruned": pruned })))
}
