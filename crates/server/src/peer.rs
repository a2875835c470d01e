//! The other end of a connection.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Who is at the other end, as the listener saw it. One per connection, cheap to clone.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address; `None` on a unix socket.
    pub address: Option<IpAddr>,
    /// The same as text, or `unix:UID`: what lockouts count by.
    pub source: Arc<str>,
    /// Whether the connection is TLS.
    pub is_secure: bool,
    /// Whether a call on the connection has shown a live credential.
    pub(crate) is_known: Arc<AtomicBool>,
}

impl Peer {
    /// A peer on the network. An IPv4 address in its IPv6 form is the IPv4 address.
    pub fn network(address: IpAddr, is_secure: bool) -> Self {
        let address = address.to_canonical();
        Self {
            address: Some(address),
            source: address.to_string().into(),
            is_secure,
            is_known: Arc::default(),
        }
    }

    /// A peer on the unix socket.
    pub fn local(uid: u32) -> Self {
        Self {
            address: None,
            source: format!("unix:{uid}").into(),
            is_secure: false,
            is_known: Arc::default(),
        }
    }

    /// Notes that a call on the connection has shown a live credential: it makes room for no stranger any more.
    pub(crate) fn note_credential(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }
}
