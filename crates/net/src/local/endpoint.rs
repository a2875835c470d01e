//! Where a gateway is.

use std::path::PathBuf;

use crate::address::{AddressClass, classify};
use crate::host::{NameKind, OutboundHost};
use crate::policy::Refusal;
use crate::url::OutboundUrl;

/// The place of a gateway, as in `COUNTERSIGN_URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalEndpoint {
    /// `http://127.0.0.1:18790`: loopback only.
    Http {
        /// `localhost` or a loopback address.
        host: OutboundHost,
        /// The port.
        port: u16,
    },
    /// `https://gateway.example.com`.
    Https {
        /// Any host.
        host: OutboundHost,
        /// The port.
        port: u16,
    },
    /// `unix:/run/countersign/gateway.sock`.
    Unix(PathBuf),
}

/// Why a text names no gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL that can be used.
    #[error("the gateway's address is not valid: {0}")]
    Form(#[from] Refusal),
    /// A key would cross a network in the clear.
    #[error(
        "`http` would send your key in the clear to {0}: use `https`, or a loopback address or Unix socket on the gateway's machine"
    )]
    PlainHttp(OutboundHost),
    /// A base path, a query.
    #[error("the gateway's address has no path or query: give scheme, host and port only")]
    Path,
    /// `unix:` without an absolute path.
    #[error("a Unix socket is named as `unix:/absolute/path`")]
    SocketPath,
}

impl LocalEndpoint {
    /// Reads `http://LOOPBACK:PORT`, `https://HOST[:PORT]` or `unix:/PATH`.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
            return if path.is_absolute() {
                Ok(Self::Unix(path))
            } else {
                Err(EndpointError::SocketPath)
            };
        }
        let url = OutboundUrl::parse(text)?;
        if url.url().path() != "/" || url.url().query().is_some() {
            return Err(EndpointError::Path);
        }
        let (host, port) = (url.host().clone(), url.port());
        if url.is_https() {
            return Ok(Self::Https { host, port });
        }
        let is_loopback = match &host {
            OutboundHost::Address(address) => classify(*address) == AddressClass::Loopback,
            OutboundHost::Name(name) => {
                name.as_str() == "localhost" && name.kind() == NameKind::Local
            }
        };
        if is_loopback {
            Ok(Self::Http { host, port })
        } else {
            Err(EndpointError::PlainHttp(host))
        }
    }

    /// The value of `Host`.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Http { host, port } | Self::Https { host, port } => {
                crate::dial::destination(host, *port).into()
            }
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}
