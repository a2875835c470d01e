//! The page behind a decision link: what would be done, and a button.
//!
//! SECURITY: opening it changes nothing, whoever opens it: mail scanners, previews and prefetchers look at links before people do. Only
//! its form decides, by POST. The token stands in the address and nowhere in the page, in no log and in no referrer; no cookie is
//! looked at, so that there is nothing that another page could ride on. What an agent wrote is escaped, and the page runs no script.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_domain::VoteKind;
use countersign_gate::{Error, ErrorKind, Gate, LinkView, random_bytes};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::{body::read_of_caller, caller::Source, problem::Problem, state::ServerState};

/// The longest form, in bytes: a note of the longest kind, with every character escaped.
const FORM_BYTES: usize = 32 << 10;

/// The note of a form.
#[derive(Debug, Default, Deserialize)]
struct Form {
    #[serde(default)]
    note: String,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#17191c;--soft:#565c66;--ground:#f6f7f8;--card:#fff;--line:#d9dce1;--yes:#17653a;--no:#a32020}\
@media(prefers-color-scheme:dark){:root{--ink:#eceef1;--soft:#a3a9b4;--ground:#111316;--card:#1a1d21;--line:#343941;--yes:#2f8f58;--no:#cf4a4a}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);\
font:1rem/1.5 system-ui,sans-serif}main{width:100%;max-width:34rem;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.75rem}\
h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.25}p{margin:0 0 1rem;color:var(--soft)}dl{display:grid;grid-template-columns:max-content 1fr;\
gap:.4rem 1rem;margin:0 0 1.25rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}code{font:.875rem/1.5 ui-monospace,monospace}\
label{display:block;margin-bottom:1rem;color:var(--soft)}textarea{display:block;width:100%;min-height:4.5rem;margin-top:.25rem;padding:.5rem;\
border:1px solid var(--line);border-radius:8px;background:transparent;color:inherit;font:inherit}button,a.button{display:inline-block;padding:.6rem 1.4rem;\
border:0;border-radius:8px;background:var(--yes);color:#fff;font:inherit;font-weight:600;text-decoration:none;cursor:pointer}.no{background:var(--no)!important}\
:focus-visible{outline:2px solid currentColor;outline-offset:2px}";

/// Text as it stands in HTML, in an element or an attribute. What turns the direction of text, or is not seen, is shown as its number.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                // Writing into memory can't fail.
                let _ = write!(safe, "[U+{:04X}]", u32::from(character));
            }
            character if character.is_control() => safe.push('\u{fffd}'),
            character => safe.push(character),
        }
    }
    safe
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let nonce = STANDARD.encode(random_bytes::<16>());
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex,nofollow\"><meta name=\"referrer\" content=\"no-referrer\"><title>{title}</title>\
         <style nonce=\"{nonce}\">{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What went wrong, in the titles that AgentGate's clients know where they know one.
fn refusal(error: Error) -> Response {
    let (status, title) = match error.code {
        "no_link" => (StatusCode::NOT_FOUND, "Invalid Token"),
        "link_used" => (StatusCode::BAD_REQUEST, "Already Used"),
        "link_expired" => (StatusCode::BAD_REQUEST, "Link Expired"),
        "already_decided" | "already_voted" | "expired" => {
            (StatusCode::CONFLICT, "Already Decided")
        }
        "stale" | "payload_changed" => (StatusCode::CONFLICT, "Request Changed"),
        "sign_in_needed" => (StatusCode::FORBIDDEN, "Sign-in Needed"),
        "rate_limited" => (StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts"),
        "invalid_input" => (StatusCode::BAD_REQUEST, "Not Decided"),
        _ if error.kind == ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "Not Permitted"),
        // A fault of the gateway, or a state that passes: as everywhere, with its cause in the log.
        _ => return Problem::from(error).into_response(),
    };
    let mut body = format!("<p>{}.</p>", escaped(&sentence(&error.message)));
    if let (Some(request), "sign_in_needed") = (error.request, error.code) {
        body.push_str(&inbox(&request.to_string()));
    }
    let mut response = page(status, title, &body);
    if let Some(wait) = error.retry_after {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map(|first| first.to_uppercase().chain(rest).collect())
        .unwrap_or_default()
}

fn inbox(request: &str) -> String {
    format!("<a class=\"button\" href=\"/dashboard/inbox?id={request}\">Sign in and decide</a>")
}

fn question(view: &LinkView) -> Response {
    let (title, verb, class) = match view.kind {
        VoteKind::Approve => ("Approve this request?", "Approve", ""),
        VoteKind::Deny => ("Deny this request?", "Deny", " class=\"no\""),
    };
    let facts = [
        ("Agent", escaped(&view.agent_name)),
        ("Target", escaped(&view.target_name)),
        ("Action", format!("<code>{}</code>", escaped(&view.action))),
        ("Effect", view.effect.as_str().to_owned()),
        (
            "Payload",
            format!("<code>sha256:{}</code>", view.payload_hash),
        ),
        ("Decides as", escaped(&view.approver_name)),
        ("Link ends", view.expires_at.to_string()),
    ];
    let mut body = String::from("<dl>");
    for (name, value) in facts {
        let _ = write!(body, "<dt>{name}</dt><dd>{value}</dd>");
    }
    body.push_str("</dl>");
    if view.needs_sign_in {
        body.push_str(
            "<p>A link is not enough for this: it is destructive, or more than one operator has to agree. Sign in to see what would run, \
             and decide there.</p>",
        );
        body.push_str(&inbox(&view.request.to_string()));
        return page(StatusCode::OK, title, &body);
    }
    let (label, required) = if view.wants_reason {
        ("Why (needed)", " required")
    } else {
        ("Why (optional)", "")
    };
    let _ = write!(
        body,
        "<form method=\"post\"><label>{label}<textarea name=\"note\" maxlength=\"2000\"{required}></textarea></label>\
         <button{class}>{verb}</button></form>"
    );
    page(StatusCode::OK, title, &body)
}

async fn shown(gate: &Gate, source: &str, token: &str) -> Response {
    match gate.look_at_link(source, token).await {
        Ok(view) => question(&view),
        Err(error) => refusal(error),
    }
}

/// Decides, and says what came of it.
async fn decided(
    gate: &Gate,
    source: &Arc<str>,
    token: &str,
    note: &str,
    label: Option<&str>,
) -> Response {
    let label = label.map(str::to_owned);
    match gate.decide_by_link(source, token, note, label).await {
        Ok((VoteKind::Approve, _)) => {
            let text = "<p>Your approval is recorded. You can close this page.</p>";
            page(StatusCode::OK, "Request Approved", text)
        }
        Ok((VoteKind::Deny, _)) => {
            let text = "<p>Your denial is recorded. You can close this page.</p>";
            page(StatusCode::OK, "Request Denied", text)
        }
        Err(error) => refusal(error),
    }
}

/// The note that a form brings. A form that can't be read has none: where one is needed, the gate says so.
async fn note(request: Request) -> Result<String, Problem> {
    let body = read_of_caller(request, FORM_BYTES).await?;
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let uri = format!("/?{}", text.trim()).parse::<http::Uri>();
    let form = uri
        .ok()
        .and_then(|uri| axum::extract::Query::<Form>::try_from_uri(&uri).ok());
    Ok(form.map(|form| form.0.note).unwrap_or_default())
}

/// Whether a browser only fetches ahead of a person.
fn is_ahead(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz", "x-purpose"]
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .any(|value| value.contains("prefetch") || value.contains("preview"))
}

/// Shows what a decision link is about. Changes nothing.
#[utoipa::path(get, path = "/l/{token}", tag = "approvals", responses((status = 200, description = "A page with a button", content_type = "text/html", body = String)))]
pub(crate) async fn show_link(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    Ok(shown(&state.open_gate()?, &peer.source, &token).await)
}

/// Decides by a decision link.
#[utoipa::path(post, path = "/l/{token}", tag = "approvals", responses((status = 200, description = "A page that says what was decided", content_type = "text/html", body = String)))]
pub(crate) async fn decide_by_link(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let note = note(request).await?;
    Ok(decided(&state.open_gate()?, &peer.source, &token, &note, None).await)
}

/// What these clients show as the decider where it was a link.
const TOKEN_LABEL: &str = "token";

/// Shows what a decision link is about; decides at once where `links.decide_on_get` is on.
#[utoipa::path(get, path = "/api/decide/{token}", tag = "agentgate", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn agentgate_decide_link(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    Path(token): Path<String>,
    method: http::Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let gate = state.open_gate()?;
    if gate.links_decide_on_get() && method == http::Method::GET && !is_ahead(&headers) {
        return Ok(decided(&gate, &peer.source, &token, "", Some(TOKEN_LABEL)).await);
    }
    Ok(shown(&gate, &peer.source, &token).await)
}

/// Decides by a decision link, from its page.
#[utoipa::path(post, path = "/api/decide/{token}", tag = "agentgate", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn agentgate_decide_by_form(
    State(state): State<Arc<ServerState>>,
    Source(peer): Source,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let note = note(request).await?;
    let gate = state.open_gate()?;
    Ok(decided(&gate, &peer.source, &token, &note, Some(TOKEN_LABEL)).await)
}
