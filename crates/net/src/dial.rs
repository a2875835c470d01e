//! The pinned dialler: name → every address judged → a socket to a judged address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::NetError;
use crate::host::OutboundHost;
use crate::policy::EgressPolicy;
use crate::resolver::Resolver;
use crate::tls::TlsSettings;

/// How many of a name's addresses are tried. All are judged.
const ADDRESSES_TRIED: usize = 8;

/// What a [`Dialler`] is made of.
#[derive(Debug, Clone)]
pub struct DiallerConfig {
    /// Which destinations are allowed.
    pub policy: EgressPolicy,
    /// How names are resolved. It has a deadline of its own.
    pub resolver: Resolver,
    /// The trusted roots.
    pub tls: TlsSettings,
    /// For TCP over all addresses and, again, for the TLS handshake.
    pub connect_timeout: Duration,
}

impl DiallerConfig {
    /// The system's resolver and roots, 10 seconds to connect.
    pub fn new(policy: EgressPolicy) -> Self {
        Self {
            policy,
            resolver: Resolver::default(),
            tls: TlsSettings::default(),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Opens connections to checked addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dialler(Arc<DiallerConfig>);

impl Dialler {
    /// A dialler under one policy.
    pub fn new(config: DiallerConfig) -> Self {
        Self(Arc::new(config))
    }

    /// The policy it obeys.
    pub fn policy(&self) -> &EgressPolicy {
        &self.0.policy
    }

    /// The trusted roots.
    pub fn tls(&self) -> &TlsSettings {
        &self.0.tls
    }

    /// Connects to a host given as text, on any port: for protocols other than HTTP.
    pub async fn dial_tcp(&self, host: &str, port: u16) -> Result<TcpStream, NetError> {
        self.dial_host(&OutboundHost::parse(host)?, port).await
    }

    /// Connects to a parsed host, on any port.
    pub async fn dial_host(&self, host: &OutboundHost, port: u16) -> Result<TcpStream, NetError> {
        let config = &*self.0;
        config.policy.check_host(host, port)?;
        let destinations = match host {
            OutboundHost::Address(address) => config.policy.check_answers(&[*address], port)?,
            OutboundHost::Name(name) => config
                .policy
                .check_answers(&config.resolver.resolve(name).await?, port)?,
        };
        // INVARIANT: nothing below resolves again; `destinations` holds judged addresses only.
        connect_in_order(host, port, &destinations, config.connect_timeout).await
    }

    /// Connects and shakes hands. The certificate must be valid for `host`.
    pub async fn dial_tls(
        &self,
        host: &str,
        port: u16,
        tls: Arc<ClientConfig>,
    ) -> Result<TlsStream<TcpStream>, NetError> {
        let host = OutboundHost::parse(host)?;
        let stream = self.dial_host(&host, port).await?;
        self.shake_hands(stream, &host, port, tls).await
    }

    pub(crate) async fn shake_hands(
        &self,
        stream: TcpStream,
        host: &OutboundHost,
        port: u16,
        tls: Arc<ClientConfig>,
    ) -> Result<TlsStream<TcpStream>, NetError> {
        let limit = self.0.connect_timeout;
        shake_hands(stream, host, port, tls, limit).await
    }
}

pub(crate) async fn shake_hands(
    stream: TcpStream,
    host: &OutboundHost,
    port: u16,
    tls: Arc<ClientConfig>,
    limit: Duration,
) -> Result<TlsStream<TcpStream>, NetError> {
    let failed = |detail: String| NetError::TlsFailed {
        destination: destination(host, port),
        detail: detail.into(),
    };
    let server_name = match host {
        OutboundHost::Address(address) => ServerName::from(*address),
        OutboundHost::Name(name) => ServerName::try_from(name.as_str().to_owned())
            .map_err(|error| failed(error.to_string()))?,
    };
    match timeout(limit, TlsConnector::from(tls).connect(server_name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(NetError::ConnectTimeout {
            destination: destination(host, port),
            limit,
        }),
    }
}

/// Tries addresses one after the other, each with its share of the time that is left.
pub(crate) async fn connect_in_order(
    host: &OutboundHost,
    port: u16,
    destinations: &[SocketAddr],
    limit: Duration,
) -> Result<TcpStream, NetError> {
    let deadline = Instant::now() + limit;
    let tried = &destinations[..destinations.len().min(ADDRESSES_TRIED)];
    let mut last_error = None;
    for (position, address) in tried.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(tried.len() - position).unwrap_or(1);
        let share = deadline.saturating_duration_since(now) / left;
        match timeout_at(now + share, connect(*address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last_error = Some(error),
            Err(_) => {}
        }
    }
    Err(match last_error {
        Some(error) => NetError::ConnectFailed {
            destination: destination(host, port),
            detail: error.to_string().into(),
        },
        None => NetError::ConnectTimeout {
            destination: destination(host, port),
            limit,
        },
    })
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    let peer = stream.peer_addr()?;
    // A port of this machine that nobody listens on can be connected to itself.
    if peer != address || stream.local_addr()? == peer {
        return Err(std::io::Error::other(
            "the connection did not reach the checked address",
        ));
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Host and port as a message shows them.
pub(crate) fn destination(host: &OutboundHost, port: u16) -> Box<str> {
    match host {
        OutboundHost::Address(address) => SocketAddr::new(*address, port).to_string().into(),
        OutboundHost::Name(name) => format!("{}:{port}", name.as_str()).into(),
    }
}
