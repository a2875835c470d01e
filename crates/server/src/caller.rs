//! Who calls: from the credential of a call to a principal, before anything else of the call is read.
//!
//! SECURITY: a credential that is present and not valid is an error, never anonymity, and one in a header is never passed over for
//! the cookie. A cookie counts only with its CSRF token on everything that changes something; a terminal's session only with a fresh
//! proof, and so does a browser's for what makes a new way in: cookies can be read on every port of a host. A bearer session is no browser's and a cookie no terminal's: neither can be turned into the other.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use countersign_domain::Key;
use countersign_gate::{CsrfHash, ErrorKind, Gate, OpCx, PROOF_LIFETIME, Principal, Via};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};

use crate::{
    access::{Access, Face, Proof, RouteAccess},
    peer::Peer,
    problem::{Problem, Result},
    shell::Routed,
    state::ServerState,
};

/// The cookie of a browser's session.
pub(crate) const SESSION_COOKIE: &str = "countersign_session";

/// The cookie that makes a browser known at its next sign-in. It signs nobody in.
pub(crate) const DEVICE_COOKIE: &str = "countersign_device";
const DEVICE_SECONDS: u64 = 365 * 24 * 60 * 60;

const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
const AGENT_KEY: HeaderName = HeaderName::from_static("agent-key");
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The gate and the operation's context: what a handler of an authenticated route starts from.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) gate: Gate,
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    row: &'static RouteAccess,
    at_head: OpCx,
    after_body: OnceLock<OpCx>,
}

impl Caller {
    /// Who asks and when: as of the end of the body where there was one to read.
    pub(crate) fn cx(&self) -> &OpCx {
        self.held.after_body.get().unwrap_or(&self.held.at_head)
    }

    /// Asks again who it is. A client can take a minute to send its body, and what was stopped meanwhile must not act: every reader of
    /// a body ends with this.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let cx = self.gate.refresh(&self.held.at_head).await?;
        check_permission(&cx, self.held.row.access)?;
        if self.held.row.changes() {
            check_proof(&cx, self.held.row)?;
        }
        // One body, one reader: a second would find it empty, and change nothing here.
        let _ = self.held.after_body.set(cx);
        Ok(())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        // INVARIANT: only `enforce` inserts it, on every route that is not open.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::unauthenticated("a credential is needed"))
    }
}

/// Where an unauthenticated call comes from.
#[derive(Debug, Clone)]
pub(crate) struct Source(pub(crate) Peer);

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        parts
            .extensions
            .get::<Peer>()
            .cloned()
            .map(Self)
            .ok_or_else(|| Problem::internal("a call without a peer"))
    }
}

/// The layer around every route: finds its row in the table and holds the call to it.
pub(crate) async fn enforce(
    State(state): State<Arc<ServerState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let row = request
        .extensions()
        .get::<MatchedPath>()
        .and_then(|path| state.access.find(path.as_str(), request.method()));
    let Some(row) = row else {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "not_in_table",
            "nobody may call this route",
        )
        .into_response();
    };
    let mut response = match admit(&state, &mut request, row).await {
        Ok(None) => next.run(request).await,
        Ok(Some((gate, key))) => {
            let mut response = next.run(request).await;
            show_rate_limit(&gate, &key, &mut response);
            response
        }
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(Routed(row));
    response
}

/// Tells a key with a rate limit where it stands; `RateLimit-Reset` is in seconds from now.
fn show_rate_limit(gate: &Gate, key: &Key, response: &mut Response) {
    let Some(standing) = gate.rate_limit(key) else {
        return;
    };
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("ratelimit-limit"),
        HeaderValue::from(standing.limit),
    );
    headers.insert(
        HeaderName::from_static("ratelimit-remaining"),
        HeaderValue::from(standing.remaining),
    );
    headers.insert(
        HeaderName::from_static("ratelimit-reset"),
        HeaderValue::from(standing.reset.as_secs()),
    );
}

/// Lets the call through, or says why not. What comes back is the key in use, where it has a rate limit.
async fn admit(
    state: &ServerState,
    request: &mut Request,
    row: &'static RouteAccess,
) -> Result<Option<(Gate, Arc<Key>)>> {
    let gate = match state.gate() {
        Some(gate) => gate,
        None if state.setup().is_some() => {
            return if row.while_setup && row.access == Access::Open {
                Ok(None)
            } else {
                Err(Problem::setup_required())
            };
        }
        None if row.while_locked && row.access == Access::Open => return Ok(None),
        None => return Err(Problem::locked()),
    };
    if row.access == Access::Open {
        return Ok(None);
    }
    let credential = Credential::of(request.headers(), row.face)?;
    let (principal, csrf) = credential.identify(&gate).await?;
    let peer = request.extensions().get::<Peer>();
    let peer = peer.ok_or_else(|| Problem::internal("a call without a peer"))?;
    peer.note_credential();
    let source = Arc::clone(&peer.source);
    let cx = OpCx {
        principal,
        source,
        now: gate.now(),
    };
    if row.changes() {
        check_change(&gate, &cx, csrf.as_ref(), row, request.headers())?;
    }
    check_permission(&cx, row.access)?;
    let limited = cx
        .principal
        .key()
        .filter(|key| key.rate_limit_per_minute.is_some())
        .map(|key| (gate.clone(), Arc::clone(key)));
    let held = Held {
        row,
        at_head: cx,
        after_body: OnceLock::new(),
    };
    request.extensions_mut().insert(Caller {
        gate,
        held: Arc::new(held),
    });
    Ok(limited)
}

fn check_permission(cx: &OpCx, access: Access) -> Result<()> {
    match access {
        Access::Open | Access::Any => Ok(()),
        Access::Needs(permission) => Ok(cx.require(permission)?),
        Access::NeedsOne(one, other) => Ok(cx.require(one).or_else(|_| cx.require(other))?),
    }
}

fn check_change(
    gate: &Gate,
    cx: &OpCx,
    csrf: Option<&CsrfHash>,
    row: &RouteAccess,
    headers: &HeaderMap,
) -> Result<()> {
    if let Some(expected) = csrf {
        let presented = headers
            .get(CSRF_TOKEN)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        gate.check_csrf(expected, presented)?;
    }
    check_proof(cx, row)
}

fn check_proof(cx: &OpCx, row: &RouteAccess) -> Result<()> {
    if let Principal::Operator {
        via: Via::Session {
            is_terminal,
            proved_at,
            ..
        },
        ..
    } = &cx.principal
    {
        let needs_proof = match row.proof {
            Proof::FreshOfAll => true,
            Proof::Fresh => *is_terminal,
            Proof::Session => false,
        };
        if needs_proof && cx.now.since(*proved_at) >= PROOF_LIFETIME {
            let detail =
                "this needs fresh proof: type your credential again (POST /api/v1/sessions/proof)";
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "proof_required",
                detail,
            ));
        }
    }
    Ok(())
}

/// What a client shows, borrowed from its headers.
enum Credential<'headers> {
    /// A key, or the session of a terminal.
    Bearer(&'headers str),
    /// A key.
    Key(&'headers str),
    /// The session of a browser.
    Cookie(&'headers str),
}

impl<'headers> Credential<'headers> {
    /// The one credential that counts: a header before the cookie.
    fn of(headers: &'headers HeaderMap, face: Face) -> Result<Self> {
        let unreadable =
            || Problem::unauthenticated("the credential has characters that no credential has");
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().map_err(|_| unreadable())?;
            let (scheme, secret) = text.split_once(' ').unwrap_or((text, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Problem::unauthenticated(
                    "this gateway takes `Authorization: Bearer cs_...` and no other scheme",
                ));
            }
            return Ok(Self::Bearer(secret.trim()));
        }
        for name in [AGENT_KEY, X_API_KEY] {
            if let Some(value) = headers.get(name) {
                return value.to_str().map(Self::Key).map_err(|_| unreadable());
            }
        }
        if let Some(secret) = session_cookie(headers) {
            return Ok(Self::Cookie(secret));
        }
        Err(Problem::unauthenticated(match face {
            Face::GaiterGuard => "Missing Agent-Key header",
            Face::Native | Face::Operations | Face::Page => {
                "a credential is needed: a key as `Authorization: Bearer cs_...`, or a session"
            }
        }))
    }

    /// Who it is; with a cookie, what its CSRF token has to hash to.
    async fn identify(&self, gate: &Gate) -> Result<(Principal, Option<CsrfHash>)> {
        let unknown = || Problem::unauthenticated("the credential is not valid here, or no more");
        match self {
            Self::Key(secret) => Ok((gate.identify_key(secret)?, None)),
            Self::Bearer(secret) => match gate.identify_key(secret) {
                Ok(principal) => Ok((principal, None)),
                Err(error) if error.kind == ErrorKind::Unauthenticated => {
                    match gate.identify_session(secret).await? {
                        (principal, _) if is_terminal(&principal) => Ok((principal, None)),
                        _ => Err(unknown()),
                    }
                }
                Err(error) => Err(error.into()),
            },
            Self::Cookie(secret) => match gate.identify_session(secret).await? {
                (principal, _) if is_terminal(&principal) => Err(unknown()),
                (principal, csrf) => Ok((principal, Some(csrf))),
            },
        }
    }
}

const fn is_terminal(principal: &Principal) -> bool {
    matches!(
        principal,
        Principal::Operator {
            via: Via::Session {
                is_terminal: true,
                ..
            },
            ..
        }
    )
}

/// The secret in the session's cookie.
fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, SESSION_COOKIE)
}

/// A cookie's value.
pub(crate) fn cookie_named<'headers>(
    headers: &'headers HeaderMap,
    name: &str,
) -> Option<&'headers str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The `Set-Cookie` that begins a browser's session, or with an empty secret and no age ends it.
pub(crate) fn cookie(secret: &str, max_age_seconds: u64, is_secure: bool) -> Result<HeaderValue> {
    set_cookie(SESSION_COOKIE, secret, "/", max_age_seconds, is_secure)
}

/// The `Set-Cookie` of a device's mark, sent back only where signing in needs it.
pub(crate) fn device_cookie(mark: &str, is_secure: bool) -> Result<HeaderValue> {
    let path = "/api/v1/sessions";
    set_cookie(DEVICE_COOKIE, mark, path, DEVICE_SECONDS, is_secure)
}

fn set_cookie(
    name: &str,
    value: &str,
    path: &str,
    max_age_seconds: u64,
    is_secure: bool,
) -> Result<HeaderValue> {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!(
        "{name}={value}; Path={path}; HttpOnly; SameSite=Strict; Max-Age={max_age_seconds}{secure}"
    );
    let mut value = HeaderValue::from_str(&text).map_err(Problem::internal)?;
    value.set_sensitive(true);
    Ok(value)
}
