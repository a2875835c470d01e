//! Requests to one gateway, a connection each.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::endpoint::LocalEndpoint;
use super::events::EventStream;
use super::pin::CertificatePin;
use crate::dial::{connect_in_order, destination, shake_hands};
use crate::error::{Delivery, NetError};
use crate::host::OutboundHost;
use crate::resolver::Resolver;
use crate::tls::{TlsError, TlsSettings};

/// How a [`LocalClient`] connects.
#[derive(Debug, Clone)]
pub struct LocalClientConfig {
    /// Trust in the gateway's own certificate. Without it, the roots of `tls` count.
    pub pin: Option<CertificatePin>,
    /// The trusted roots.
    pub tls: TlsSettings,
    /// For TCP and, again, for the TLS handshake.
    pub connect_timeout: Duration,
    /// From the start to the end of a reply that is read whole, and to the head of one that is streamed.
    pub total: Duration,
    /// The longest silence in a streamed reply. The gateway's event stream sends something every 15 seconds.
    pub silence: Duration,
    /// The longest reply that is read whole.
    pub response_bytes: usize,
}

impl Default for LocalClientConfig {
    /// 5 s to connect, 60 s in all, 60 s of silence, 64 MiB.
    fn default() -> Self {
        Self {
            pin: None,
            tls: TlsSettings::default(),
            connect_timeout: Duration::from_secs(5),
            total: Duration::from_mins(1),
            silence: Duration::from_mins(1),
            response_bytes: 64 << 20,
        }
    }
}

/// A request to the gateway.
pub struct LocalRequest {
    /// The method.
    pub method: Method,
    /// Path and query, from `/`.
    pub path: String,
    /// Header fields, among them the key.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl LocalRequest {
    /// A request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Sets a JSON body.
    pub fn with_json<T: Serialize + ?Sized>(
        mut self,
        value: &T,
    ) -> Result<Self, serde_json::Error> {
        self.body = serde_json::to_vec(value)?.into();
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }
}

impl fmt::Debug for LocalRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SECURITY: the header holds a key, the body may hold a credential.
        formatter
            .debug_struct("LocalRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A reply that was read whole.
#[derive(Debug, Clone)]
pub struct LocalResponse {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl LocalResponse {
    /// Reads the body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Talks to one gateway.
#[derive(Debug, Clone)]
pub struct LocalClient {
    endpoint: LocalEndpoint,
    config: LocalClientConfig,
}

impl LocalClient {
    /// A client for the gateway at `endpoint`.
    pub fn new(endpoint: LocalEndpoint, config: LocalClientConfig) -> Self {
        Self { endpoint, config }
    }

    /// Sends a request and reads the whole reply.
    pub async fn send(&self, request: LocalRequest) -> Result<LocalResponse, NetError> {
        let limit = self.config.total;
        let deadline = Instant::now() + limit;
        let mut stream = self.open(request).await?;
        let mut body = BytesMut::new();
        loop {
            let chunk = timeout_at(deadline, stream.next_chunk())
                .await
                .map_err(|_| NetError::TotalTimeout { limit })??;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > self.config.response_bytes {
                return Err(NetError::ResponseTooLarge {
                    limit_bytes: self.config.response_bytes as u64,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(LocalResponse {
            status: stream.status,
            headers: stream.headers,
            body: body.freeze(),
        })
    }

    /// Sends a request and gives the reply as it comes: for exports and for events.
    pub async fn open(&self, request: LocalRequest) -> Result<LocalStream, NetError> {
        match &self.endpoint {
            LocalEndpoint::Unix(path) => {
                self.exchange(self.connect_unix(path).await?, request).await
            }
            LocalEndpoint::Http { host, port } => {
                let stream = connect_in_order(
                    host,
                    *port,
                    &loopback(host, *port),
                    self.config.connect_timeout,
                )
                .await?;
                self.exchange(stream, request).await
            }
            LocalEndpoint::Https { host, port } => {
                let tls = self.tls().await;
                let tls = tls.map_err(|error| NetError::TlsFailed {
                    destination: destination(host, *port),
                    detail: error.to_string().into(),
                })?;
                let destinations = addresses(host, *port).await?;
                let stream =
                    connect_in_order(host, *port, &destinations, self.config.connect_timeout)
                        .await?;
                let stream =
                    shake_hands(stream, host, *port, tls, self.config.connect_timeout).await?;
                self.exchange(stream, request).await
            }
        }
    }

    async fn tls(&self) -> Result<std::sync::Arc<rustls::ClientConfig>, TlsError> {
        match &self.config.pin {
            Some(pin) => pin.client_config(),
            None => self.config.tls.client_config(&[]).await,
        }
    }

    async fn connect_unix(&self, path: &Path) -> Result<UnixStream, NetError> {
        let destination: Box<str> = path.display().to_string().into();
        let limit = self.config.connect_timeout;
        match timeout(limit, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(NetError::ConnectFailed {
                destination,
                detail: error.to_string().into(),
            }),
            Err(_) => Err(NetError::ConnectTimeout { destination, limit }),
        }
    }

    async fn exchange<S>(&self, stream: S, request: LocalRequest) -> Result<LocalStream, NetError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let lost = |error: hyper::Error| NetError::ConnectionLost {
            detail: error.to_string().into(),
            delivery: Delivery::MaybeSent,
        };
        let request = self.into_http(request)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        // Owned by the reply: it ends with it.
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the gateway ended");
            }
        });
        let limit = self.config.total;
        let response = timeout(limit, sender.send_request(request))
            .await
            .map_err(|_| NetError::FirstByteTimeout { limit })?
            .map_err(lost)?;
        Ok(LocalStream::new(response, driver, self.config.silence))
    }

    #[expect(
        clippy::wrong_self_convention,
        reason = "converts the request, for this client"
    )]
    fn into_http(&self, request: LocalRequest) -> Result<Request<Full<Bytes>>, NetError> {
        let refused = |reason| NetError::RequestRefused { reason };
        if !request.path.starts_with('/') {
            return Err(refused("the path does not begin with a slash"));
        }
        let uri = request
            .path
            .parse::<http::Uri>()
            .map_err(|_| refused("the path holds characters that must be percent-encoded"))?;
        let host = HeaderValue::try_from(self.endpoint.authority())
            .map_err(|_| refused("the host cannot be written into a header"))?;
        let mut http = Request::new(Full::new(request.body));
        *http.method_mut() = request.method;
        *http.uri_mut() = uri;
        *http.headers_mut() = request.headers;
        http.headers_mut().insert(HOST, host);
        http.headers_mut()
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        Ok(http)
    }
}

/// `localhost` is not resolved: a key goes to loopback whatever a resolver says.
fn loopback(host: &OutboundHost, port: u16) -> Vec<SocketAddr> {
    match host {
        OutboundHost::Address(address) => vec![SocketAddr::new(*address, port)],
        OutboundHost::Name(_) => [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]
        .map(|address| SocketAddr::new(address, port))
        .to_vec(),
    }
}

async fn addresses(host: &OutboundHost, port: u16) -> Result<Vec<SocketAddr>, NetError> {
    let addresses = match host {
        OutboundHost::Address(address) => vec![*address],
        OutboundHost::Name(name) => Resolver::system().resolve(name).await?,
    };
    Ok(addresses
        .into_iter()
        .map(|address| SocketAddr::new(address, port))
        .collect())
}

/// A reply that is read as it comes.
#[derive(Debug)]
pub struct LocalStream {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    body: Incoming,
    silence: Duration,
    _driver: JoinSet<()>,
}

impl LocalStream {
    fn new(response: Response<Incoming>, driver: JoinSet<()>, silence: Duration) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
            silence,
            _driver: driver,
        }
    }

    /// The next piece, or `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        let lost = |detail: String| NetError::ConnectionLost {
            detail: detail.into(),
            delivery: Delivery::MaybeSent,
        };
        loop {
            let frame = timeout(self.silence, self.body.frame()).await;
            match frame
                .map_err(|_| lost(format!("nothing came for {} s", self.silence.as_secs_f64())))?
            {
                None => return Ok(None),
                Some(Err(error)) => return Err(lost(error.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// Reads the reply as server-sent events.
    pub fn into_events(self) -> EventStream {
        EventStream::new(self)
    }
}
