//! What the process gives to the connector once, at its start.

use std::{sync::Arc, time::Duration};

use countersign_net::{IpRange, OwnListeners, Resolver, TlsSettings};

/// What an [`HttpConnector`](super::HttpConnector) is made of.
#[derive(Debug, Clone)]
pub struct HttpConnectorConfig {
    /// Ranges of private addresses that are open for every target. Never opens metadata addresses.
    pub open_ranges: Arc<[IpRange]>,
    /// The gateway's own listeners: never a target. Clones share it, so that later listeners count.
    pub own_listeners: OwnListeners,
    /// How names are resolved.
    pub resolver: Resolver,
    /// Trusted roots, with a company's own.
    pub tls: TlsSettings,
    /// For TCP and, again, for the TLS handshake.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How many unused connections are kept per target.
    pub idle_connections: usize,
}

impl HttpConnectorConfig {
    /// No open range, the system's resolver and roots, 10 s to connect, 60 s idle, 128 idle connections.
    pub fn new(own_listeners: OwnListeners) -> Self {
        Self {
            open_ranges: Arc::default(),
            own_listeners,
            resolver: Resolver::default(),
            tls: TlsSettings::default(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            idle_connections: 128,
        }
    }
}
