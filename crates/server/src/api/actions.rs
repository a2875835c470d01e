//! Actions: what agents ask for, in the native form.

use std::sync::Arc;

use axum::{
    Json as Document,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use countersign_domain::{
    AgentId, Name, OperatorId, RequestId, RequestState, TargetId, Urgency, VoteKind,
};
use countersign_gate::{
    ActionDraft, Reply, ReplyBody, RequestView, Route, StoredResult, Submission,
};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{action_detail, action_list, scan::ReplyFinding, words};
use crate::{
    body::{ActionJson, Json, OptionalJson, parse},
    caller::Caller,
    problem::{Problem, Result},
    state::ServerState,
};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A reply's body up to this long is looked at as a whole, so that text can be shown as text; a longer one is streamed as base64.
const INLINE_BYTES: usize = 1 << 20;

/// The routes that agents call.
pub(crate) fn agent_routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(action_list::list_actions, submit))
        .routes(routes!(action_detail::get_action))
        .routes(routes!(execute))
        .routes(routes!(cancel))
}

/// An action to be carried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionBody<'body> {
    /// The target, by name or id.
    target: String,
    /// The profile's name; the target's default where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    profile: Option<Name>,
    /// The action: `POST /charges`.
    action: String,
    /// The input: for HTTP `query` (a string or an object) and `headers` (an object of strings).
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input: Option<Map<String, Value>>,
    /// The body: a string is sent as it is, any other JSON as its text with `content-type: application/json`.
    #[serde(default, borrow)]
    #[schema(value_type = Option<Value>)]
    body: Option<&'body RawValue>,
    /// The body as base64, where it is no text. Not together with `body`.
    #[serde(default)]
    body_base64: Option<String>,
    /// Why, in the agent's words; at most 500 characters.
    #[serde(default)]
    intent: String,
    /// How soon.
    #[serde(default)]
    #[schema(value_type = Option<words::Urgency>)]
    urgency: Urgency,
    /// The agent that an operator asks for; an agent leaves it out.
    #[serde(default)]
    agent: Option<String>,
}

/// What came of an action at once.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    dead_code,
    clippy::large_enum_variant,
    reason = "it describes both answers in the API's document and is never made"
)]
#[serde(untagged)]
pub(crate) enum SubmitReply {
    /// It was carried out.
    Replied(ActionReply),
    /// It may be carried out by the one who asked.
    Approved(ActionView),
}

/// What came of an action that was carried out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionReply {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    /// `succeeded` or `failed`, by the target's answer.
    state: &'static str,
    /// Whether it is the first outcome of the idempotency key again.
    is_replay: bool,
    /// What a scan found in the beginning of what was answered: then it is untrusted data. `null` on a replay, which is not looked at
    /// again.
    findings: Option<Vec<ReplyFinding>>,
    /// What the target answered.
    result: ResultView,
}

/// What a target answered, masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultView {
    /// The status.
    status: u16,
    /// The headers; several values of one name are joined by commas.
    #[schema(value_type = Object)]
    headers: Value,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The body as base64, where it is not, or is over 1 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl ResultView {
    pub(crate) fn of(result: &StoredResult) -> Self {
        let (body, body_base64) = text_or_base64(&result.body);
        Self {
            status: result.status,
            headers: result.headers.clone(),
            body,
            body_base64,
        }
    }
}

pub(crate) fn text_or_base64(body: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(body) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(STANDARD.encode(body))),
    }
}

/// What one operator said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteView {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    operator: OperatorId,
    /// Who, by name; `null` for an agent that looks, and once the operator is gone.
    operator_name: Option<String>,
    /// Whose seat it was cast from, where it is another's, by name; `null` for an agent that looks.
    for_operator: Option<String>,
    /// What.
    #[schema(value_type = words::VoteKind)]
    kind: VoteKind,
    /// Why. Untrusted text.
    note: String,
    /// Whether the same operator asked.
    is_self_approved: bool,
    /// When.
    at: String,
}

/// A request, as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionView {
    /// Where it stands.
    #[schema(value_type = words::State)]
    state: RequestState,
    #[serde(flatten)]
    facts: ActionFacts,
}

impl From<RequestView> for ActionView {
    fn from(view: RequestView) -> Self {
        Self {
            state: view.request.state,
            facts: ActionFacts::from(view),
        }
    }
}

/// What lists show of a request besides where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionFacts {
    /// Its id: the one public id of everything that follows.
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    /// Who asks, by name; by id once the agent is removed.
    agent: String,
    /// Who asks.
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    /// On what, by name; by id once the target is removed.
    target: String,
    /// On what.
    #[schema(value_type = uuid::Uuid)]
    target_id: TargetId,
    /// The action's name.
    action: String,
    /// What it does to the world.
    #[schema(value_type = words::Effect)]
    effect: &'static str,
    /// How soon.
    #[schema(value_type = words::Urgency)]
    urgency: &'static str,
    /// Why, in the agent's words. Untrusted text.
    intent: String,
    /// What the decision said.
    #[schema(value_type = words::Verdict)]
    verdict: &'static str,
    /// Who made the verdict.
    rule: String,
    /// Why, in words.
    reason: String,
    /// The risk, 0 to 1.
    risk_score: f64,
    /// Why it is as risky as it is.
    risk_reasons: Vec<String>,
    /// How many operators have to say yes.
    quorum: u32,
    /// What operators have said.
    votes: Vec<VoteView>,
    /// SHA-256 of what would run.
    payload_hash: String,
    /// Whose credential asked: `agent:...` or `operator:...`.
    asked_by: String,
    /// When it came.
    created_at: String,
    /// Until when it can be decided, or carried out.
    deadline: Option<String>,
    /// When it reached its present state.
    changed_at: String,
    /// How it ended.
    outcome: Option<String>,
}

impl From<RequestView> for ActionFacts {
    fn from(view: RequestView) -> Self {
        let request = view.request;
        let names = view.operator_names;
        let votes = view.votes.into_iter().map(|vote| VoteView {
            operator: vote.operator,
            operator_name: names.get(&vote.operator).cloned(),
            for_operator: vote.on_behalf_of.and_then(|seat| names.get(&seat).cloned()),
            kind: vote.kind,
            note: vote.note,
            is_self_approved: vote.is_self_approved,
            at: vote.at.to_string(),
        });
        let votes = votes.collect();
        Self {
            id: request.id,
            agent: view.agent_name,
            agent_id: request.agent,
            target: view.target_name,
            target_id: request.target,
            action: request.action,
            effect: request.effect.as_str(),
            urgency: request.urgency.as_str(),
            intent: view.intent,
            verdict: request.verdict.as_str(),
            rule: request.rule,
            reason: request.reason,
            risk_score: request.risk.get(),
            risk_reasons: view.risk_reasons,
            quorum: view.quorum,
            votes,
            payload_hash: request.payload_hash.to_string(),
            asked_by: request.asked_by.to_string(),
            created_at: request.created_at.to_string(),
            deadline: request.deadline.map(|deadline| deadline.to_string()),
            changed_at: request.changed_at.to_string(),
            outcome: request.outcome,
        }
    }
}

/// The body of an action as bytes. JSON that is no string is sent as its own text, and says so unless a header already does.
pub(crate) fn body_bytes(
    body: Option<&RawValue>,
    base64: Option<&str>,
    base64_field: &'static str,
    input: &mut Map<String, Value>,
) -> Result<Bytes> {
    let body = body.filter(|body| body.get() != "null");
    match (body, base64) {
        (None, None) => Ok(Bytes::new()),
        (Some(_), Some(_)) => Err(Problem::invalid(
            base64_field,
            format!("give either body or {base64_field}"),
        )),
        (None, Some(text)) => STANDARD.decode(text).map(Bytes::from).map_err(|_| {
            Problem::invalid(
                base64_field,
                "not base64: the standard alphabet with padding is expected",
            )
        }),
        (Some(body), None) if body.get().starts_with('"') => {
            let text: String = serde_json::from_str(body.get())
                .map_err(|_| Problem::invalid("body", "the text has broken escapes"))?;
            Ok(Bytes::from(text))
        }
        (Some(body), None) => {
            let headers = input
                .entry("headers")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(headers) = headers
                && !headers
                    .keys()
                    .any(|name| name.eq_ignore_ascii_case("content-type"))
            {
                headers.insert(
                    "content-type".to_owned(),
                    Value::String("application/json".to_owned()),
                );
            }
            Ok(Bytes::copy_from_slice(body.get().as_bytes()))
        }
    }
}

/// The idempotency key in the header, if there is one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let bad = || {
        Problem::invalid(
            "Idempotency-Key",
            "an idempotency key has 1 to 255 visible ASCII characters",
        )
    };
    value
        .to_str()
        .map(|text| Some(text.to_owned()))
        .map_err(|_| bad())
}

/// Asks for an action: it is carried out, held for a human, or refused.
///
/// With the header `Idempotency-Key` (1 to 255 visible ASCII characters) a repetition within 24 hours gets the first outcome again.
#[utoipa::path(
    post, path = "/api/v1/actions", tag = "actions", request_body = inline(ActionBody<'_>),
    params(("Idempotency-Key" = Option<String>, Header, description = "One per action; kept for 24 hours")),
    responses((status = 200, description = "Carried out; or, for an approval-only action that nobody had to be asked about, the approved request", body = SubmitReply), (status = 202, description = "A human is asked", body = ActionView),
        (status = 403, description = "Denied", body = crate::problem::ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn submit(
    caller: Caller,
    headers: HeaderMap,
    call: ActionJson,
) -> Result<Response> {
    let body: ActionBody<'_> = parse(&call.bytes)?;
    let mut input = body.input.unwrap_or_default();
    let draft = ActionDraft {
        agent: body.agent,
        route: Route::Named {
            target: body.target,
            profile: body.profile,
            action: body.action,
        },
        body: body_bytes(
            body.body,
            body.body_base64.as_deref(),
            "body_base64",
            &mut input,
        )?,
        input: Value::Object(input),
        intent: body.intent,
        urgency: body.urgency,
        idempotency_key: idempotency_key(&headers)?,
    };
    match caller.gate.submit(caller.cx(), draft).await? {
        Submission::Replied(reply) => reply_document(reply).await,
        Submission::Approved(view) => Ok(Document(ActionView::from(*view)).into_response()),
        Submission::Pending(view) => {
            Ok((StatusCode::ACCEPTED, Document(ActionView::from(*view))).into_response())
        }
        Submission::Denied(view) => {
            Err(
                Problem::new(StatusCode::FORBIDDEN, "denied", view.request.reason)
                    .about(view.request.id),
            )
        }
    }
}

pub(crate) fn parse_id(id: &str) -> Result<RequestId> {
    id.parse()
        .map_err(|_| countersign_gate::Error::not_found("request").into())
}

/// Carries out an approved request, once.
#[utoipa::path(post, path = "/api/v1/actions/{id}/execute", tag = "actions", responses((status = 200, body = ActionReply)))]
pub(crate) async fn execute(caller: Caller, Path(id): Path<String>) -> Result<Response> {
    reply_document(caller.gate.execute(caller.cx(), parse_id(&id)?).await?).await
}

/// Words to a decision.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteBody {
    /// Why, for the ledger; at most 2,000 characters.
    #[serde(default, alias = "reason")]
    pub(crate) note: String,
}

/// Takes a waiting request back.
#[utoipa::path(post, path = "/api/v1/actions/{id}/cancel", tag = "actions", request_body = Option<NoteBody>, responses((status = 200, body = ActionView)))]
pub(crate) async fn cancel(
    caller: Caller,
    Path(id): Path<String>,
    OptionalJson(body): OptionalJson<NoteBody>,
) -> Result<Document<ActionView>> {
    Ok(Document(
        caller
            .gate
            .cancel(caller.cx(), parse_id(&id)?, body.note)
            .await?
            .into(),
    ))
}

/// What a human found out about an execution whose outcome was lost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleBody {
    /// Whether it took effect.
    succeeded: bool,
    /// How that was found out.
    #[serde(default)]
    note: String,
}

/// Writes down how an execution whose outcome is `unknown` ended. It is never run again.
#[utoipa::path(post, path = "/api/v1/actions/{id}/settle", tag = "actions", request_body = SettleBody, responses((status = 200, body = ActionView)))]
pub(crate) async fn settle(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<SettleBody>,
) -> Result<Document<ActionView>> {
    Ok(Document(
        caller
            .gate
            .settle(caller.cx(), parse_id(&id)?, body.succeeded, body.note)
            .await?
            .into(),
    ))
}

pub(crate) fn headers_object(headers: &HeaderMap) -> Value {
    let mut object = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        object.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    Value::Object(object)
}

/// A reply as a document. What is short is gathered; what is long passes through as base64 while it arrives.
async fn reply_document(reply: Reply) -> Result<Response> {
    let state = if reply.status < 400 {
        "succeeded"
    } else {
        "failed"
    };
    let headers = headers_object(&reply.headers);
    let findings: Option<Vec<ReplyFinding>> =
        (!reply.is_replay).then(|| reply.findings.iter().map(ReplyFinding::from).collect());
    let mut gathered = BytesMut::new();
    let rest = match reply.body {
        ReplyBody::Full(bytes) if bytes.len() <= INLINE_BYTES => {
            let (body, body_base64) = text_or_base64(&bytes);
            let result = ResultView {
                status: reply.status,
                headers,
                body,
                body_base64,
            };
            return Ok(Document(ActionReply {
                id: reply.request,
                state,
                is_replay: reply.is_replay,
                findings,
                result,
            })
            .into_response());
        }
        ReplyBody::Full(bytes) => futures::stream::iter([Ok(bytes)]).left_stream(),
        ReplyBody::Stream(mut stream) => {
            while let Some(piece) = stream.next().await {
                gathered.extend_from_slice(
                    &piece.map_err(|error| Problem::from(error.about(reply.request)))?,
                );
                if gathered.len() > INLINE_BYTES {
                    break;
                }
            }
            if gathered.len() <= INLINE_BYTES {
                let (body, body_base64) = text_or_base64(&gathered);
                let result = ResultView {
                    status: reply.status,
                    headers,
                    body,
                    body_base64,
                };
                return Ok(Document(ActionReply {
                    id: reply.request,
                    state,
                    is_replay: reply.is_replay,
                    findings,
                    result,
                })
                .into_response());
            }
            stream.right_stream()
        }
    };
    let findings = serde_json::to_string(&findings).map_err(countersign_gate::Error::internal)?;
    let head = format!(
        "{{\"id\":\"{}\",\"state\":\"{state}\",\"is_replay\":{},\"findings\":{findings},\"result\":{{\"status\":{},\"headers\":{headers},\"body_base64\":\"",
        reply.request, reply.is_replay, reply.status
    );
    let first = futures::stream::iter([Ok(gathered.freeze())]);
    let body = Body::from_stream(encoded(head, first.chain(rest)));
    let mut response = Response::new(body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// The pieces as one base64 text between the head and the closing of the document. An error resets the connection: nobody takes half
/// an answer for a whole one.
fn encoded(
    head: String,
    pieces: impl Stream<Item = Result<Bytes, countersign_gate::Error>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, countersign_gate::Error>> + Send + 'static {
    let start = (Box::pin(pieces), BytesMut::new(), Some(head), false);
    futures::stream::try_unfold(
        start,
        |(mut pieces, mut waiting, head, is_done)| async move {
            if let Some(head) = head {
                return Ok(Some((Bytes::from(head), (pieces, waiting, None, false))));
            }
            if is_done {
                return Ok(None);
            }
            while let Some(piece) = pieces.next().await {
                waiting.extend_from_slice(&piece?);
                let whole = waiting.len() / 3 * 3;
                if whole > 0 {
                    let text = STANDARD.encode(waiting.split_to(whole));
                    return Ok(Some((Bytes::from(text), (pieces, waiting, None, false))));
                }
            }
            let mut text = STANDARD.encode(&waiting);
            text.push_str("\"}}");
            Ok(Some((
                Bytes::from(text),
                (pieces, BytesMut::new(), None, true),
            )))
        },
    )
}
