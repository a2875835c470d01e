//! What a server is started with.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use crate::{network::IpRange, web::WebPage};

/// Everything that a server is started with. Nothing in it comes from a client.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen.
    pub listeners: Vec<ListenerConfig>,
    /// Names under which the gateway is reached, besides loopback and the listeners' addresses: `gate.example.com`.
    pub hosts: Vec<String>,
    /// Origins of pages on other hosts that may call: `https://desk.example.com`.
    pub origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` counts. Nobody's by default.
    pub trusted_proxies: Vec<IpRange>,
    /// Which dialects are served.
    pub dialects: Dialects,
    /// Bounds of connections.
    pub limits: ServerLimits,
    /// The operator's page.
    pub page: WebPage,
}

impl ServerConfig {
    /// One listener with every default.
    pub fn new(listener: ListenerConfig) -> Self {
        Self {
            listeners: vec![listener],
            hosts: Vec::new(),
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            dialects: Dialects::default(),
            limits: ServerLimits::default(),
            page: WebPage::embedded(),
        }
    }
}

/// One listener.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Where.
    pub bind: Bind,
    /// What it answers.
    pub serves: Serves,
}

impl ListenerConfig {
    /// Everything, plain, on a loopback address.
    pub const fn loopback(address: SocketAddr) -> Self {
        Self {
            bind: Bind::Tcp(address),
            serves: Serves::Everything,
        }
    }
}

/// Where to listen.
#[derive(Debug, Clone)]
pub enum Bind {
    /// Plain HTTP; refused unless the address is a loopback one.
    Tcp(SocketAddr),
    /// A unix socket that only this user can open.
    Unix(PathBuf),
    /// TLS, on any address. See [`crate::tls_config`].
    Tls(SocketAddr, Arc<rustls::ServerConfig>),
    /// Plain HTTP on any address; refused outside a container and without a list of hosts.
    Container(SocketAddr),
}

/// What a listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Every face, and the operator's page.
    Everything,
    /// The dialects that are on, and the native face's actions: what agents call.
    Agents,
    /// `/metrics` without a key, `/healthz` and `/readyz`.
    Metrics,
}

/// Which dialects are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialects {
    /// `/proxy`, `/status/{id}`, `/proxy/execute/{id}`.
    pub gaiterguard: bool,
    /// AgentGate's routes below `/api`.
    pub agentgate: bool,
}

impl Default for Dialects {
    fn default() -> Self {
        Self {
            gaiterguard: true,
            agentgate: true,
        }
    }
}

/// Bounds of connections.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Open connections of one listener; beyond it the oldest that has shown no credential makes room, or new ones wait.
    pub connections: usize,
    /// Open connections of one source that have shown no credential; beyond it the oldest makes room. A source is an IPv4 address, an
    /// IPv6 network of 64 bits, or the loopback addresses together; trusted proxies and the unix socket have no limit of their own.
    pub connections_per_source: usize,
    /// The longest a client may read nothing of what waits for it.
    pub write_timeout: Duration,
    /// The longest header block in bytes, request line included.
    pub header_bytes: usize,
    /// The longest a header block, or the next one on an idle connection, may take to arrive.
    pub header_timeout: Duration,
    /// The longest a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// The longest body of a call that submits an action, in bytes. Targets have their own limit on what is in it.
    pub action_body_bytes: usize,
    /// Bodies over 256 KiB, or of unknown length, that are worked on at the same time.
    pub long_bodies: usize,
    /// Open event streams. An agent has four at most, a session or key of an operator eight, and agents never the last quarter.
    pub event_streams: usize,
    /// How often an event stream asks whether its credential still lives.
    pub revalidation_period: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_source: 512,
            write_timeout: Duration::from_secs(30),
            header_bytes: 64 << 10,
            header_timeout: Duration::from_secs(20),
            handshake_timeout: Duration::from_secs(10),
            // 10 MiB of payload as base64, with room for the rest.
            action_body_bytes: 15 << 20,
            long_bodies: 32,
            event_streams: 256,
            revalidation_period: Duration::from_millis(250),
        }
    }
}
