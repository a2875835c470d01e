//! The ledger: reading, verifying, exporting, pruning.

use axum::{
    Json as Document,
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::{Actor, RequestId, RequestState, SealedEntry, Timestamp};
use countersign_gate::{AuditFilter, RequestBrief, Verification};
use futures::TryStreamExt;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{actions::ActionFacts, page::List, words};
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
    /// Who did it, by name; left out for those without one, once it is gone, and for an agent that looks at an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name: Option<String>,
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

impl EntryView {
    /// The entry as this caller may see it.
    pub(crate) fn named(caller: &Caller, sealed: &SealedEntry) -> Self {
        let name = caller.gate.actor_name(caller.cx(), sealed.entry.actor);
        Self::new(sealed, name)
    }

    fn new(sealed: &SealedEntry, actor_name: Option<String>) -> Self {
        let entry = &sealed.entry;
        Self {
            position: sealed.position,
            id: entry.id.uuid(),
            at: entry.at.to_string(),
            kind: entry.kind.clone(),
            actor: entry.actor.to_string(),
            actor_name,
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

/// What an entry tells of its request: all that a list shows of it. Votes and times may be newer than the entry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventRequest {
    /// The state that the entry tells of; `null` where it is other news, such as a vote.
    #[schema(value_type = Option<words::State>)]
    state: Option<RequestState>,
    #[serde(flatten)]
    listed: ActionFacts,
}

impl EventView {
    pub(crate) fn new(caller: &Caller, sealed: &SealedEntry, brief: Option<RequestBrief>) -> Self {
        Self {
            entry: EntryView::named(caller, sealed),
            request: brief.map(|brief| EventRequest {
                state: brief.state,
                listed: ActionFacts::from(brief.view),
            }),
        }
    }
}

/// Which entries to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntryQuery {
    /// Only entries behind this position; the order is then `oldest`, unless it is given.
    after: Option<u64>,
    /// Only entries before this position.
    before: Option<u64>,
    /// `newest` (first; the default) or `oldest`.
    order: Option<String>,
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
    let mut filter = AuditFilter {
        after: query.after,
        before: query.before,
        is_oldest_first: match query.order.as_deref() {
            None => None,
            Some("oldest") => Some(true),
            Some("newest") => Some(false),
            Some(_) => {
                let detail = "unknown order: expected one of newest, oldest";
                return Err(Problem::invalid("order", detail));
            }
        },
        limit: query.limit,
        kind: query.kind,
        actor: query.actor.as_deref().map(parse_actor).transpose()?,
        request: query.action_id.map(RequestId::new),
        since: query.since,
        until: query.until,
    };
    if let Some(cursor) = query.cursor {
        if filter.goes_onwards() {
            filter.is_oldest_first = Some(true);
            filter.after = filter.after.max(Some(cursor));
        } else {
            filter.before = Some(filter.before.map_or(cursor, |before| before.min(cursor)));
        }
    }
    let page = caller.gate.audit_entries(caller.cx(), filter).await?;
    let named = |sealed| EntryView::named(&caller, sealed);
    Ok(Document(List {
        items: page.items.iter().map(named).collect(),
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
    /// The newest checkpoint that the ledger agrees with.
    checkpoint: Option<VerifiedCheckpoint>,
}

/// A checkpoint that a verification agrees with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerifiedCheckpoint {
    /// The ledger's name; also that of the key.
    origin: String,
    /// How many entries it covers.
    size: u64,
    /// The tree's root over them, as base64.
    root: String,
    /// The chain's value after the last of them, as base64.
    chain: String,
    /// When it was made.
    at: String,
}

impl From<Verification> for VerificationView {
    fn from(found: Verification) -> Self {
        Self {
            valid: found.valid,
            entries: found.entries,
            first_bad: found.first_bad,
            reason: found.reason,
            checkpoint: found.checkpoint.map(|checkpoint| VerifiedCheckpoint {
                origin: checkpoint.origin,
                size: checkpoint.size,
                root: STANDARD.encode(checkpoint.root),
                chain: STANDARD.encode(checkpoint.chain),
                at: checkpoint.at.to_string(),
            }),
        }
    }
}

/// A signed checkpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckpointView {
    /// How many entries it covers.
    size: u64,
    /// When it was made.
    at: String,
    /// The tree's root over those entries, as base64; `null` where the note can't be read.
    root: Option<String>,
    /// The name of the key that it is signed with.
    key: String,
    /// The signed note.
    note: String,
}

impl From<countersign_gate::CheckpointView> for CheckpointView {
    fn from(view: countersign_gate::CheckpointView) -> Self {
        Self {
            size: view.size,
            at: view.at.to_string(),
            root: view.root.map(|root| STANDARD.encode(root)),
            key: view.key,
            note: view.note,
        }
    }
}

/// Verifies the whole ledger: every link, the tree, every checkpoint.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", responses((status = 200, body = VerificationView)))]
pub(crate) async fn verify(caller: Caller) -> Result<Document<VerificationView>> {
    let found = caller.gate.verify_audit(caller.cx()).await?;
    Ok(Document(found.into()))
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
#[utoipa::path(get, path = "/api/v1/audit/checkpoints", tag = "audit", responses((status = 200, body = List<CheckpointView>)))]
pub(crate) async fn checkpoints(caller: Caller) -> Result<Document<List<CheckpointView>>> {
    let checkpoints = caller.gate.checkpoints(caller.cx()).await?;
    Ok(Document(List {
        items: checkpoints.into_iter().map(CheckpointView::from).collect(),
        next: None,
    }))
}

/// Makes a checkpoint now.
#[utoipa::path(post, path = "/api/v1/audit/checkpoints", tag = "audit", responses((status = 201, body = CheckpointView)))]
pub(crate) async fn make_checkpoint(
    caller: Caller,
) -> Result<(StatusCode, Document<CheckpointView>)> {
    let checkpoint = caller.gate.make_checkpoint(caller.cx()).await?;
    Ok((StatusCode::CREATED, Document(checkpoint.into())))
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

/// What was taken note of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    /// The contradiction, in words.
    acknowledged: String,
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pruned {
    /// How many entries.
    pruned: u64,
}

/// Takes note that the ledger contradicts its checkpoints, after a restored backup say, so that it takes entries again. The
/// contradicting checkpoints are put aside, not deleted, and the acknowledgement is in the ledger.
#[utoipa::path(post, path = "/api/v1/audit/acknowledge", tag = "audit", responses((status = 200, body = Acknowledged)))]
pub(crate) async fn acknowledge(caller: Caller) -> Result<Document<Acknowledged>> {
    let acknowledged = caller.gate.acknowledge_ledger(caller.cx()).await?;
    Ok(Document(Acknowledged { acknowledged }))
}

/// Deletes the entries under a checkpoint. What is left still verifies.
#[utoipa::path(post, path = "/api/v1/audit/prune", tag = "audit", request_body = PruneBody, responses((status = 200, body = Pruned)))]
pub(crate) async fn prune(caller: Caller, Json(body): Json<PruneBody>) -> Result<Document<Pruned>> {
    let pruned = caller.gate.prune_audit(caller.cx(), body.size).await?;
    Ok(Document(Pruned { pruned }))
}
