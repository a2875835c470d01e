//! What surrounds every call, whatever it is: its id, the bounds of its head, the allowlists of Host and Origin, the headers that
//! every response has, the form of every problem, one line in the log, and a net under panics.
//!
//! One value and one function instead of a stack of layers: this is on the path of every proxied call.
//!
//! SECURITY: nothing that a client wrote goes into the log but a request id of a safe alphabet: no path, no query, no header.

use std::{
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    http::Request,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    access::{Face, RouteAccess},
    config::{ServerConfig, Serves},
    dialects,
    hosts::{HostPolicy, InvalidHost, Refused},
    network::{IpRange, forwarded_source},
    peer::Peer,
    problem::{PROBLEM_JSON, Problem, Result},
    router::router,
    state::ServerState,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken over from a client, in bytes.
const REQUEST_ID_BYTES: usize = 64;

static SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The row of the access table that a call was matched to; the router's layer leaves it in the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Routed(pub(crate) &'static RouteAccess);

/// A router with all that surrounds a call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shell(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Arc<ServerState>,
    router: Router,
    hosts: HostPolicy,
    trusted_proxies: Vec<IpRange>,
    ids: RequestIds,
}

impl Shell {
    /// The shell of a listener: what it serves, under which names, on which address. Also answers without a listener, for callers in
    /// the same process.
    ///
    /// # Errors
    /// For a host or an origin of the configuration that is none.
    pub fn new(
        config: &ServerConfig,
        state: &Arc<ServerState>,
        serves: Serves,
        address: Option<SocketAddr>,
    ) -> Result<Self, InvalidHost> {
        let mut hosts = HostPolicy::new(&config.hosts, &config.origins)?;
        if let Some(address) = address {
            hosts = hosts.with_address(address);
        }
        let router = router(state, serves, config.dialects, &config.page);
        Ok(Self(Arc::new(Inner {
            state: Arc::clone(state),
            router,
            hosts,
            trusted_proxies: config.trusted_proxies.clone(),
            ids: RequestIds::new(),
        })))
    }

    /// Answers one call.
    pub async fn answer(&self, request: Request<Body>, peer: Peer) -> Response {
        let started = Instant::now();
        let state = &self.0.state;
        let _in_flight = state.counters.begin();
        let id = self.0.ids.of(request.headers());
        let method = request.method().clone();
        let mut response = match self.check_head(&request, &peer) {
            Err(problem) => problem.into_response(),
            Ok(()) => self.route(request, peer).await,
        };
        let route = response
            .extensions_mut()
            .remove::<Routed>()
            .map(|routed| routed.0);
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            log_cause(&problem, &id);
            render(
                &mut response,
                &problem,
                route.map_or(Face::Native, |route| route.face),
                &id,
            );
        }
        decorate(response.headers_mut(), &id);
        let status = response.status();
        state.counters.answered(status);
        log(&method, route, status, &id, started);
        response
    }

    async fn route(&self, mut request: Request<Body>, mut peer: Peer) -> Response {
        if let Some(address) = peer.address {
            let source = forwarded_source(address, request.headers(), &self.0.trusted_proxies);
            if source != address {
                peer.source = source.to_string().into();
            }
        }
        request.extensions_mut().insert(peer);
        let answer = AssertUnwindSafe(self.0.router.clone().oneshot(request))
            .catch_unwind()
            .await;
        if let Ok(Ok(response)) = answer {
            return response;
        }
        self.0.state.counters.panicked();
        Problem::internal("a handler panicked").into_response()
    }

    fn check_head(&self, request: &Request<Body>, peer: &Peer) -> Result<()> {
        let limit = self.0.state.limits.header_bytes;
        let bytes = request
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum::<usize>()
            + request
                .uri()
                .path_and_query()
                .map_or(0, |target| target.as_str().len());
        if bytes > limit {
            let detail =
                format!("the request's line and headers are over {limit} bytes: send less");
            return Err(Problem::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers_too_large",
                detail,
            )
            .limited_by("header_bytes"));
        }
        let checked = self
            .0
            .hosts
            .check(request.uri(), request.headers(), peer.is_secure);
        if matches!(checked, Err(Refused::Origin)) && is_form_of_link(request) {
            return Ok(());
        }
        checked.map_err(|refused| {
            let (code, detail) = match refused {
                Refused::Host => ("host_not_allowed", "this gateway does not answer to that Host: an owner can add it with --host"),
                Refused::Origin => ("origin_not_allowed", "pages of that Origin may not call this gateway: an owner can add it with --origin"),
            };
            Problem::new(StatusCode::FORBIDDEN, code, detail)
        })
    }
}

/// The form of a decision link's page. The page sends no referrer, so a browser says `null` for its origin; and nothing counts there but
/// the token in the address, which a page of another origin does not have.
fn is_form_of_link(request: &Request<Body>) -> bool {
    let path = request.uri().path();
    let is_null = |value: &HeaderValue| value == "null";
    request.method() == http::Method::POST
        && (path.starts_with("/l/") || path.starts_with("/api/decide/"))
        && request.headers().get(header::ORIGIN).is_some_and(is_null)
}

/// Ids that no client chose: this process's random half and a number. Costs no system call per request.
#[derive(Debug)]
struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    fn new() -> Self {
        Self {
            process: Uuid::now_v7().as_u64_pair().1,
            next: AtomicU64::new(0),
        }
    }

    /// The client's id where it is harmless, a new one otherwise.
    fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let is_sane = |value: &&HeaderValue| {
            let is_safe =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            (1..=REQUEST_ID_BYTES).contains(&value.len()) && value.as_bytes().iter().all(is_safe)
        };
        headers
            .get(REQUEST_ID)
            .filter(is_sane)
            .cloned()
            .unwrap_or_else(|| {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let text = format!("{:016x}{number:016x}", self.process);
                HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("none"))
            })
    }
}

fn decorate(headers: &mut HeaderMap, id: &HeaderValue) {
    for (name, value) in &SECURITY_HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(REQUEST_ID, id.clone());
}

fn render(response: &mut Response, problem: &Problem, face: Face, id: &HeaderValue) {
    let id = id.to_str().unwrap_or_default();
    let (media_type, body) = match face {
        Face::Native | Face::Operations | Face::Page => {
            (PROBLEM_JSON, serde_json::to_vec(&problem.document(id)))
        }
        Face::AgentGate => (
            HeaderValue::from_static("application/json"),
            serde_json::to_vec(&dialects::agentgate::error_body(problem)),
        ),
        Face::GaiterGuard => (
            HeaderValue::from_static("application/json"),
            serde_json::to_vec(&dialects::gaiterguard::error_body(problem)),
        ),
    };
    // Serialising texts into memory can't fail.
    *response.body_mut() = Body::from(body.unwrap_or_default());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    response.headers_mut().remove(header::CONTENT_LENGTH);
}

/// What a client is not told, under the id that it is told.
fn log_cause(problem: &Problem, id: &HeaderValue) {
    let parts = problem.parts();
    let Some(cause) = &parts.cause else { return };
    let mut text = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    // Debug form: escapes control characters.
    tracing::error!(request_id = id.to_str().unwrap_or_default(), code = parts.code, cause = ?text, "a call failed");
}

fn log(
    method: &http::Method,
    route: Option<&RouteAccess>,
    status: StatusCode,
    id: &HeaderValue,
    started: Instant,
) {
    let (route, status) = (route.map_or("-", |route| route.path), status.as_u16());
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let method = if method.as_str().len() <= 16 {
        method.as_str()
    } else {
        "-"
    };
    let request_id = id.to_str().unwrap_or_default();
    if status >= 500 {
        tracing::warn!(target: "countersign::http", method, route, status, micros, request_id, "answered");
    } else {
        tracing::debug!(target: "countersign::http", method, route, status, micros, request_id, "answered");
    }
}
