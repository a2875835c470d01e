//! The HTTP client: pooled connections to checked addresses, under limits and deadlines.
//!
//! It follows no redirect, reads no proxy variable, decompresses nothing, keeps no cookie, and writes its own `Host`, length and connection
//! fields whatever the caller set.
//!
//! # Sending at most once
//!
//! A pooled connection may have been closed by the other side at any time. hyper answers a request on it with an error whose
//! `is_canceled()` is true in exactly one case: the request never left the queue in front of the connection, so not a byte was written. The
//! pool could repeat such requests by itself, without telling; that is switched off. [`HttpClient::send`] repeats once, on that proof only, and
//! every other failure is reported with [`Delivery::MaybeSent`](crate::Delivery).

mod connector;
mod failure;
mod request;
mod response;

use std::fmt;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use crate::body::OutboundBody;
use crate::dial::{Dialler, DiallerConfig};
use crate::error::NetError;
use crate::limits::Limits;
use crate::policy::EgressPolicy;
use crate::resolver::Resolver;
use crate::tls::TlsSettings;

use connector::Connector;
use failure::Failure;
pub use request::OutboundRequest;
use request::copy_of;
pub use response::LimitedBody;

/// hyper's smallest read buffer.
const SMALLEST_HEADER_BYTES: usize = 8 << 10;

/// What an [`HttpClient`] is made of.
#[derive(Debug, Clone)]
pub struct HttpClientConfig {
    /// Which destinations are allowed.
    pub policy: EgressPolicy,
    /// How names are resolved.
    pub resolver: Resolver,
    /// The trusted roots.
    pub tls: TlsSettings,
    /// For TCP over all addresses and, again, for the TLS handshake.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How many unused connections are kept for one scheme, host and port.
    pub idle_connections: usize,
    /// The longest header of a reply that is read at all; at least 8 KiB. [`Limits::header_bytes`] can only lower it.
    pub header_bytes: usize,
}

impl HttpClientConfig {
    /// The system's resolver and roots, 10 s to connect, 60 s idle, 128 idle connections, 64 KiB of header.
    pub fn new(policy: EgressPolicy) -> Self {
        Self {
            policy,
            resolver: Resolver::default(),
            tls: TlsSettings::default(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            idle_connections: 128,
            header_bytes: 64 << 10,
        }
    }
}

/// A pooled HTTP/1.1 and HTTP/2 client under one policy. Cheap to clone; clones share the pool.
///
/// SECURITY: the pool is keyed by scheme, host and port only, so a client never serves two policies or two sets of roots: make one client for each.
#[derive(Clone)]
pub struct HttpClient {
    inner: Client<Connector, OutboundBody>,
    dialler: Dialler,
    header_bytes: usize,
}

impl HttpClient {
    /// A client under the policy of `config`. Must be used within a tokio runtime: its connections run as tasks that end with the pool.
    pub fn new(config: HttpClientConfig) -> Self {
        let HttpClientConfig {
            policy,
            resolver,
            tls,
            connect_timeout,
            idle_timeout,
            idle_connections,
            header_bytes,
        } = config;
        let dialler = Dialler::new(DiallerConfig {
            policy,
            resolver,
            tls,
            connect_timeout,
        });
        let header_bytes = header_bytes.max(SMALLEST_HEADER_BYTES);
        let inner = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(idle_timeout)
            .pool_max_idle_per_host(idle_connections)
            // See "Sending at most once" above.
            .retry_canceled_requests(false)
            .http1_max_buf_size(header_bytes)
            .http2_max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX))
            .build(Connector::new(dialler.clone()));
        Self {
            inner,
            dialler,
            header_bytes,
        }
    }

    /// The dialler behind the client, for protocols other than HTTP under the same policy.
    pub fn dialler(&self) -> &Dialler {
        &self.dialler
    }

    /// Sends a request and waits for the head of its reply. The body's limits go on to hold while it is read.
    ///
    /// A redirect is a reply like any other.
    pub async fn send(
        &self,
        mut request: OutboundRequest,
        limits: &Limits,
    ) -> Result<Response<LimitedBody>, NetError> {
        let start = Instant::now();
        // Again for every request, not only for every connection: listeners may have been added since.
        self.dialler
            .policy()
            .check_host(request.url.host(), request.url.port())?;
        request.prepare(limits)?;
        let request = request.into_http();

        let first_byte_at = start + limits.first_byte.min(limits.total);
        let attempt = async {
            match self.attempt(copy_of(&request)).await {
                Err(failure) if failure.is_provably_unsent() => {
                    tracing::debug!(
                        "a pooled connection was closed before the request was written: sending it on another"
                    );
                    self.attempt(request).await
                }
                outcome => outcome,
            }
        };
        let response = match timeout_at(first_byte_at, attempt).await {
            Ok(outcome) => outcome.map_err(|failure| failure.into_error(self.header_bytes))?,
            Err(_) if limits.total < limits.first_byte => {
                return Err(NetError::TotalTimeout {
                    limit: limits.total,
                });
            }
            Err(_) => {
                return Err(NetError::FirstByteTimeout {
                    limit: limits.first_byte,
                });
            }
        };
        check_head(&response, limits)?;
        Ok(response.map(|body| LimitedBody::new(body, limits, start + limits.total)))
    }

    async fn attempt(&self, request: Request<OutboundBody>) -> Result<Response<Incoming>, Failure> {
        self.inner.request(request).await.map_err(Failure::new)
    }
}

fn check_head(response: &Response<Incoming>, limits: &Limits) -> Result<(), NetError> {
    if response.status().is_informational() {
        // We never ask for an upgrade.
        return Err(NetError::BadResponse {
            detail: "an unrequested change of protocol".into(),
        });
    }
    // `name: value\r\n`
    let header_bytes: usize = response
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if header_bytes > limits.header_bytes {
        return Err(NetError::ResponseHeadersTooLarge {
            limit_bytes: limits.header_bytes,
        });
    }
    // Zero for a reply to HEAD, whatever its Content-Length says.
    if response.body().size_hint().lower() > limits.response_bytes {
        return Err(NetError::ResponseTooLarge {
            limit_bytes: limits.response_bytes,
        });
    }
    Ok(())
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpClient")
            .field("dialler", &self.dialler)
            .finish_non_exhaustive()
    }
}
