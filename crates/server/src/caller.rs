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
use countersign_gate::{
    CsrfHash, ErrorKind, Gate, OpCx, PROOF_LIFETIME, Principal, RateLimit, Via,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};

use crate::{
    access::{Access, Face, Proof, RouteAccess},
    dialects, live,
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
        check_permission(&self.gate, &cx, self.held.row)?;
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
    let mut rate = None;
    let mut response = match admit(&state, &mut request, row, &mut rate).await {
        Ok(None) => next.run(request).await,
        Ok(Some(caller)) => live::run(&state, caller, row.changes(), next.run(request)).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(rate) = rate {
        show_rate_limit(&rate, &mut response);
    }
    response.extensions_mut().insert(Routed(row));
    response
}

/// Where a key stood with its rate limit when this call was counted.
struct Rate {
    standing: RateLimit,
    /// When the whole budget is there again, in seconds since 1970.
    reset_at: u64,
}

/// Tells a key with a rate limit where it stands, in both customary forms: `RateLimit-Reset` is in seconds from now, `X-RateLimit-Reset`
/// in seconds since 1970, both rounded up.
fn show_rate_limit(rate: &Rate, response: &mut Response) {
    let Rate { standing, reset_at } = rate;
    let reset_in = standing.reset.as_millis().div_ceil(1_000);
    let headers = response.headers_mut();
    for (name, value) in [
        ("ratelimit-limit", u64::from(standing.limit)),
        ("ratelimit-remaining", u64::from(standing.remaining)),
        (
            "ratelimit-reset",
            u64::try_from(reset_in).unwrap_or(u64::MAX),
        ),
        ("x-ratelimit-limit", u64::from(standing.limit)),
        ("x-ratelimit-remaining", u64::from(standing.remaining)),
        ("x-ratelimit-reset", *reset_at),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// Counts the call against its key's rate limit.
async fn count(gate: &Gate, principal: &Principal, rate: &mut Option<Rate>) -> Result<()> {
    let Some(taken) = gate.count_call(principal).await else {
        return Ok(());
    };
    let standing = taken.standing;
    let whole_at = gate.now().saturating_add(standing.reset).as_micros();
    let reset_at = u64::try_from(whole_at).unwrap_or(0).div_ceil(1_000_000);
    *rate = Some(Rate { standing, reset_at });
    if taken.is_admitted {
        return Ok(());
    }
    Err(taken.refusal().into())
}

/// Lets the call through, or says why not. What comes back is who calls, where the route asks for anybody.
async fn admit(
    state: &ServerState,
    request: &mut Request,
    row: &'static RouteAccess,
    rate: &mut Option<Rate>,
) -> Result<Option<Caller>> {
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
    let (principal, csrf) = credential
        .identify(&gate)
        .await
        .map_err(|problem| in_dialect(problem, row.face))?;
    count(&gate, &principal, rate).await?;
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
    check_permission(&gate, &cx, row)?;
    let held = Held {
        row,
        at_head: cx,
        after_body: OnceLock::new(),
    };
    let caller = Caller {
        gate,
        held: Arc::new(held),
    };
    request.extensions_mut().insert(caller.clone());
    Ok(Some(caller))
}

fn check_permission(gate: &Gate, cx: &OpCx, row: &RouteAccess) -> Result<()> {
    if row.face == Face::AgentGate {
        let permissions = gate.as_integration(cx).principal.permissions();
        return if row.access.admits(permissions) {
            Ok(())
        } else {
            Err(dialects::agentgate::missing_scope(row.access))
        };
    }
    match row.access {
        Access::Open | Access::Any => Ok(()),
        Access::Needs(permission) => Ok(cx.require(permission)?),
        Access::NeedsOne(one, other) => Ok(cx.require(one).or_else(|_| cx.require(other))?),
        Access::NeedsBoth(one, other) => Ok(cx.require(one).and_then(|()| cx.require(other))?),
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
            if !scheme.eq_ignore_ascii_case("bearer")
                || (face == Face::AgentGate && secret.trim().is_empty())
            {
                if face == Face::AgentGate {
                    return Err(Problem::unauthenticated("Invalid Authorization format"));
                }
                return Err(Problem::unauthenticated(
                    "this gateway takes `Authorization: Bearer cs_...` and no other scheme",
                ));
            }
            return Ok(Self::Bearer(secret.trim()));
        }
        // Its clients send nothing else, and a page of another origin none of it.
        if face == Face::AgentGate {
            return Err(Problem::unauthenticated("Missing Authorization header"));
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
            Face::AgentGate => "Missing Authorization header",
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

/// What is wrong with a credential, in the words that the face's clients know.
fn in_dialect(problem: Problem, face: Face) -> Problem {
    if face == Face::AgentGate && problem.parts().status == StatusCode::UNAUTHORIZED {
        return Problem::unauthenticated("Invalid API key");
    }
    problem
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
