//! The proxy face in the shapes of GaiterGuard's clients: `POST /proxy`, `GET /status/{id}`, `POST /proxy/execute/{id}`.
//!
//! Both forms of the body are taken: `targetUrl` with a text as body, and `service_id` with `path` and any JSON as body. States that
//! these clients don't know are told apart by their own words where a client would otherwise act wrongly: `EXECUTING` (running now)
//! and `UNKNOWN` (may or may not have taken effect: never run again). `stale`, `cancelled` and `revoked` are `REVOKED`; `succeeded`
//! and `failed` are `EXECUTED`.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Json as Document,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use countersign_domain::{RequestId, RequestState, Urgency};
use countersign_gate::{ActionDraft, Reply, ReplyBody, RequestView, Route, Submission};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::actions::{body_bytes, idempotency_key, parse_id, text_or_base64},
    body::{ActionJson, parse},
    caller::Caller,
    problem::{Problem, Result},
    state::ServerState,
};

const PROXY_STATUS: HeaderName = HeaderName::from_static("x-proxy-status");
/// For an operator's key, which has no grants of its own.
const AGENT: HeaderName = HeaderName::from_static("x-countersign-agent");
/// The kinds of what was found in a reply, comma separated: it is untrusted, and may try to turn its reader.
pub(crate) const FINDING: HeaderName = HeaderName::from_static("x-countersign-finding");
const IDEMPOTENCY_STATUS: HeaderName = HeaderName::from_static("x-idempotency-status");

/// Headers of a target that would speak for the gateway, or about a connection that is not this one.
const NOT_FORWARDED: [HeaderName; 18] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ALT_SVC,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_SECURITY_POLICY,
    header::REFERRER_POLICY,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::TRANSFER_ENCODING,
    header::X_CONTENT_TYPE_OPTIONS,
    header::X_FRAME_OPTIONS,
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("x-request-id"),
    PROXY_STATUS,
    IDEMPOTENCY_STATUS,
    FINDING,
];

/// The dialect's routes.
pub(crate) fn routes() -> OpenApiRouter<Arc<ServerState>> {
    OpenApiRouter::new()
        .routes(routes!(proxy))
        .routes(routes!(status))
        .routes(routes!(execute))
}

/// A call to be forwarded, in either form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProxyBody<'body> {
    /// The whole URL. Either this or `service_id` and `path`.
    #[serde(default, rename = "targetUrl", borrow)]
    #[schema(value_type = Option<String>)]
    target_url: Option<Cow<'body, str>>,
    /// The target, by name or id.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>)]
    service_id: Option<Cow<'body, str>>,
    /// The path below the target's base URL, with its query.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>)]
    path: Option<Cow<'body, str>>,
    /// `GET`, `POST`, `PUT`, `DELETE`, `PATCH`, `HEAD` or `OPTIONS`.
    #[serde(borrow)]
    #[schema(value_type = String)]
    method: Cow<'body, str>,
    /// Headers, an object of strings.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    headers: Option<Map<String, Value>>,
    /// The body: a text is sent as it is, any other JSON as its text.
    #[serde(default, borrow)]
    #[schema(value_type = Option<Value>)]
    body: Option<&'body RawValue>,
    /// The body as base64, where it is no text.
    #[serde(default, rename = "bodyBase64", borrow)]
    #[schema(value_type = Option<String>)]
    body_base64: Option<Cow<'body, str>>,
    /// Why, in the agent's words; 1 to 500 characters.
    #[serde(borrow)]
    #[schema(value_type = String)]
    intent: Cow<'body, str>,
    /// 1 to 255 characters; needed for `POST` and `PATCH`, here or in the header `Idempotency-Key`, which wins.
    #[serde(default, rename = "idempotencyKey", alias = "idempotency_key")]
    idempotency_key: Option<String>,
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// What needs a human, as status 428.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NeedsApproval {
    error: &'static str,
    /// The request's id.
    #[schema(value_type = uuid::Uuid)]
    action_id: RequestId,
    risk_score: f64,
    risk_explanation: String,
    /// Where to look.
    status_url: String,
}

/// An error in the dialect's shape.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What happened.
    error: String,
    /// The same.
    message: String,
    /// Stable, `snake_case`.
    code: &'static str,
    /// The status.
    #[serde(rename = "statusCode")]
    status_code: u16,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The limit that was hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    /// The request's id, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    action_id: Option<String>,
}

/// A problem in the dialect's shape, with the texts that its clients know.
pub(crate) fn error_body(problem: &Problem) -> ErrorBody {
    let parts = problem.parts();
    let text = match parts.code {
        "no_target" => "No service found matching target URL or agent does not have access",
        "in_flight" => "Request with this idempotency key is already being processed",
        "key_revoked" => "Agent key has been revoked",
        _ => parts.detail.as_ref(),
    };
    ErrorBody {
        error: text.to_owned(),
        message: text.to_owned(),
        code: parts.code,
        status_code: parts.status.as_u16(),
        field: parts.field.clone().map(Cow::into_owned),
        limit: parts.limit,
        action_id: parts.action.map(|id| id.to_string()),
    }
}

/// Forwards a call with the target's credential, or holds it for a human.
#[utoipa::path(
    post, path = "/proxy", tag = "gaiterguard", request_body = inline(ProxyBody<'_>),
    params(("Idempotency-Key" = Option<String>, Header, description = "Wins over idempotencyKey; one of the two is needed for POST and PATCH"),
        ("X-Countersign-Agent" = Option<String>, Header, description = "The agent, by name or id, that an operator's key asks for")),
    responses((status = 200, description = "The target's status, headers and body, with X-Proxy-Status: forwarded"),
        (status = 428, description = "A human is asked", body = NeedsApproval), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn proxy(
    caller: Caller,
    headers: HeaderMap,
    call: ActionJson,
) -> Result<Response> {
    let body: ProxyBody<'_> = parse(&call.bytes)?;
    let mut draft = draft(body, idempotency_key(&headers)?)?;
    draft.agent = on_behalf_of(&headers)?;
    let has_key = draft.idempotency_key.is_some();
    match caller.gate.submit(caller.cx(), draft).await? {
        Submission::Replied(reply) => {
            let is_replay = reply.is_replay;
            let mut response = forward(reply, HeaderValue::from_static("forwarded"));
            if has_key {
                let word = if is_replay {
                    HeaderValue::from_static("replayed")
                } else {
                    HeaderValue::from_static("processed")
                };
                response.headers_mut().insert(IDEMPOTENCY_STATUS, word);
            }
            Ok(response)
        }
        // A URL never leads to an approval-only target.
        Submission::Pending(view) | Submission::Approved(view) => Ok((
            StatusCode::PRECONDITION_REQUIRED,
            Document(needs_approval(&view)),
        )
            .into_response()),
        Submission::Denied(view) => {
            Err(
                Problem::new(StatusCode::FORBIDDEN, "denied", view.request.reason)
                    .about(view.request.id),
            )
        }
    }
}

/// The agent that an operator asks for: this dialect's body has no place for it.
fn on_behalf_of(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(&AGENT) else {
        return Ok(None);
    };
    let name = value.to_str().map_err(|_| {
        Problem::invalid(
            "X-Countersign-Agent",
            "an agent's name or id is plain ASCII",
        )
    })?;
    Ok(Some(name.to_owned()))
}

fn draft(body: ProxyBody<'_>, header_key: Option<String>) -> Result<ActionDraft> {
    let method = METHODS.into_iter().find(|method| *method == body.method);
    let method = method.ok_or_else(|| {
        Problem::invalid(
            "method",
            format!("not a method: expected one of {}", METHODS.join(", ")),
        )
    })?;
    let characters = body.intent.chars().count();
    if !(1..=countersign_gate::INTENT_LIMIT_CHARACTERS).contains(&characters) {
        return Err(Problem::invalid(
            "intent",
            "the intent has 1 to 500 characters",
        ));
    }
    let idempotency_key = header_key.or(body.idempotency_key);
    if idempotency_key.is_none() && matches!(method, "POST" | "PATCH") {
        return Err(Problem::invalid(
            "idempotencyKey",
            "POST and PATCH need an idempotency key: send idempotencyKey or the header Idempotency-Key",
        ));
    }
    let mut input = Map::new();
    if let Some(headers) = body.headers {
        if let Some((name, _)) = headers.iter().find(|(_, value)| !value.is_string()) {
            return Err(Problem::invalid(
                format!("headers.{name}"),
                "a header's value is a string",
            ));
        }
        input.insert("headers".to_owned(), Value::Object(headers));
    }
    let route = match (body.target_url, body.service_id, body.path) {
        (Some(url), None, None) => Route::Url {
            method: method.to_owned(),
            url: url.into_owned(),
        },
        (None, Some(target), Some(path)) => {
            if !path.starts_with('/') {
                return Err(Problem::invalid("path", "a path starts with a slash"));
            }
            let (path, query) = path.split_once('?').map_or_else(
                || (path.as_ref(), None),
                |(path, query)| (path, Some(query)),
            );
            if let Some(query) = query {
                input.insert("query".to_owned(), Value::String(query.to_owned()));
            }
            Route::Named {
                target: target.into_owned(),
                profile: None,
                action: format!("{method} {path}"),
            }
        }
        (None, Some(_), None) => return Err(Problem::invalid("path", "service_id needs a path")),
        (None, None, _) => {
            return Err(Problem::invalid(
                "targetUrl",
                "give a targetUrl, or a service_id and a path",
            ));
        }
        (Some(_), ..) => {
            return Err(Problem::invalid(
                "targetUrl",
                "give either a targetUrl, or a service_id and a path",
            ));
        }
    };
    let bytes = body_bytes(
        body.body,
        body.body_base64.as_deref(),
        "bodyBase64",
        &mut input,
    )?;
    Ok(ActionDraft {
        agent: None,
        route,
        input: Value::Object(input),
        body: bytes,
        intent: body.intent.into_owned(),
        urgency: Urgency::Normal,
        idempotency_key,
    })
}

fn needs_approval(view: &RequestView) -> NeedsApproval {
    let request = &view.request;
    let mut explanation = view.risk_reasons.join("; ");
    if explanation.is_empty() {
        explanation.clone_from(&request.reason);
    }
    NeedsApproval {
        error: "Request requires human approval",
        action_id: request.id,
        risk_score: request.risk.get(),
        risk_explanation: explanation,
        status_url: format!("/status/{}", request.id),
    }
}

/// The target's answer as this call's answer.
fn forward(reply: Reply, how: HeaderValue) -> Response {
    let finding = crate::api::scan::finding_header(&reply.findings);
    let body = match reply.body {
        ReplyBody::Full(bytes) => Body::from(bytes),
        ReplyBody::Stream(stream) => Body::from_stream(stream),
    };
    let mut response = Response::new(body);
    // A target can't answer with a status that HTTP does not have; if a connector did, it is no success.
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = reply.headers;
    for name in &NOT_FORWARDED {
        response.headers_mut().remove(name);
    }
    response.headers_mut().insert(PROXY_STATUS, how);
    if let Some(value) = finding {
        response.headers_mut().insert(FINDING, value);
    }
    response
}

/// Where a request stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusBody {
    /// `PENDING`, `APPROVED`, `DENIED`, `REVOKED`, `EXPIRED`, `EXECUTING`, `EXECUTED`, `UNKNOWN`.
    status: &'static str,
    /// The request's id.
    #[schema(value_type = uuid::Uuid)]
    action_id: RequestId,
    created_at: String,
    /// Where to carry it out, once approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    execute_url: Option<String>,
    /// When it came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<String>,
    /// Why, where somebody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What was answered, while it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<StatusResult>,
}

/// What a target answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusResult {
    status: u16,
    #[schema(value_type = Object)]
    headers: Value,
    /// The body, where it is text.
    body: Option<String>,
    /// The body as base64, where it is not.
    #[serde(rename = "bodyBase64", skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

const fn word(state: RequestState) -> &'static str {
    match state {
        RequestState::Received | RequestState::Pending => "PENDING",
        RequestState::Approved => "APPROVED",
        RequestState::Denied => "DENIED",
        RequestState::Executing => "EXECUTING",
        RequestState::Succeeded | RequestState::Failed => "EXECUTED",
        RequestState::Unknown => "UNKNOWN",
        RequestState::Expired => "EXPIRED",
        RequestState::Stale | RequestState::Revoked | RequestState::Cancelled => "REVOKED",
    }
}

/// Where a request stands.
#[utoipa::path(get, path = "/status/{id}", operation_id = "proxy_status", tag = "gaiterguard", responses((status = 200, body = StatusBody), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn status(caller: Caller, Path(id): Path<String>) -> Result<Document<StatusBody>> {
    let (request, votes, result) = caller.gate.status(caller.cx(), parse_id(&id)?).await?;
    let state = request.state;
    let note = votes
        .iter()
        .rev()
        .map(|vote| vote.note.clone())
        .find(|note| !note.is_empty());
    Ok(Document(StatusBody {
        status: word(state),
        action_id: request.id,
        created_at: request.created_at.to_string(),
        execute_url: (state == RequestState::Approved)
            .then(|| format!("/proxy/execute/{}", request.id)),
        resolved_at: state.is_final().then(|| request.changed_at.to_string()),
        reason: if state == RequestState::Denied {
            note
        } else {
            None
        },
        result: result.map(|result| {
            let (body, body_base64) = text_or_base64(&result.body);
            StatusResult {
                status: result.status,
                headers: result.headers,
                body,
                body_base64,
            }
        }),
    }))
}

/// Carries out an approved request, once.
#[utoipa::path(
    post, path = "/proxy/execute/{id}", operation_id = "proxy_execute", tag = "gaiterguard",
    responses((status = 200, description = "The target's status, headers and body, with X-Proxy-Status: executed-approved"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn execute(caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let id = parse_id(&id)?;
    match caller.gate.execute(caller.cx(), id).await {
        Ok(reply) => Ok(forward(
            reply,
            HeaderValue::from_static("executed-approved"),
        )),
        Err(error) if error.code == "not_approved" => {
            // The clients know the state by this dialect's word for it.
            let (request, ..) = caller.gate.status(caller.cx(), id).await?;
            let text = format!("Cannot execute action with status {}", word(request.state));
            Err(Problem::new(StatusCode::CONFLICT, "not_approved", text).about(id))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
