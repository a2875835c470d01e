//! Which destinations a caller may dial.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::address::{AddressClass, classify, embedded_ipv4};
use crate::host::{NameKind, OutboundHost};
use crate::range::IpRange;
use crate::url::UrlFault;

#[cfg(test)]
mod tests;

/// Why a destination is refused. Shown to operators; holds no path, query or credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The text is not a URL or host that everyone reads the same way.
    #[error("{0}")]
    Form(#[from] UrlFault),
    /// A port of another protocol.
    #[error("port {0} is on the Fetch standard's list of bad ports")]
    BadPort(u16),
    /// A name of this machine.
    #[error("`{0}` is a name of this machine")]
    LocalName(Box<str>),
    /// A name of a cloud's metadata service.
    #[error("`{0}` is a name of a cloud metadata service")]
    MetadataName(Box<str>),
    /// An address of a class that the policy does not open.
    #[error("{address} is {class}{}", carried(*.address))]
    Address {
        /// The address.
        address: IpAddr,
        /// Its class.
        class: AddressClass,
    },
    /// The gateway itself.
    #[error("{0} is a listener of this gateway")]
    OwnListener(SocketAddr),
}

fn carried(address: IpAddr) -> String {
    embedded_ipv4(address).map_or_else(String::new, |inner| {
        format!(" that carries {inner}, {}", classify(inner.into()))
    })
}

/// The addresses that the gateway itself listens on: never a destination, whatever a policy opens.
///
/// Shared by clones, so a listener that starts later counts for every policy made before.
#[derive(Debug, Clone, Default)]
pub struct OwnListeners(Arc<ArcSwap<Vec<SocketAddr>>>);

impl OwnListeners {
    /// A fixed start; [`OwnListeners::replace`] changes it.
    pub fn new(listeners: Vec<SocketAddr>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(listeners)))
    }

    /// Sets the listeners, for this value and all its clones. Ports must be the real ones, not 0.
    pub fn replace(&self, listeners: Vec<SocketAddr>) {
        self.0.store(Arc::new(listeners));
    }

    /// Adds a listener, for this value and all its clones.
    pub fn add(&self, listener: SocketAddr) {
        self.0.rcu(|current| {
            let mut next = Vec::clone(current);
            next.push(listener);
            next
        });
    }

    /// Whether a connection to `destination` would reach one of them. A listener on `0.0.0.0` or `::` covers every address of this machine.
    pub fn covers(&self, destination: SocketAddr) -> bool {
        self.0.load().iter().any(|listener| {
            listener.port() == destination.port()
                && (listener.ip().to_canonical() == destination.ip().to_canonical()
                    || (listener.ip().is_unspecified()
                        && is_address_of_this_machine(destination.ip())))
        })
    }
}

/// Only an address of this machine can be bound to. Binding a datagram socket sends nothing.
fn is_address_of_this_machine(address: IpAddr) -> bool {
    match UdpSocket::bind((address, 0)) {
        Ok(_) => true,
        // SECURITY: any other failure says nothing about the address, so it counts as ours.
        Err(error) => error.kind() != std::io::ErrorKind::AddrNotAvailable,
    }
}

/// What a caller may dial: public addresses, and what an operator opened.
///
/// Cloud metadata, link-local, multicast, reserved and unspecified addresses, IPv6 forms that carry an IPv4 address, and the gateway's own
/// listeners are never opened by anything.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    allow_private: bool,
    open_ranges: Arc<[IpRange]>,
    own_listeners: OwnListeners,
}

impl EgressPolicy {
    /// Public addresses only: the policy for everything that an agent or a stranger can influence.
    pub fn public_only(own_listeners: OwnListeners) -> Self {
        Self {
            allow_private: false,
            open_ranges: Arc::default(),
            own_listeners,
        }
    }

    /// Opens loopback, private, shared (CGNAT) and unique local addresses when `allow_private` is set. For one target, by its owner.
    #[must_use]
    pub fn with_private_networks(mut self, allow_private: bool) -> Self {
        self.allow_private = allow_private;
        self
    }

    /// Opens ranges, of the same classes only. For targets that operators make.
    #[must_use]
    pub fn with_open_ranges(mut self, open_ranges: Arc<[IpRange]>) -> Self {
        self.open_ranges = open_ranges;
        self
    }

    /// Whether private networks are open.
    pub fn allows_private_networks(&self) -> bool {
        self.allow_private
    }

    /// Judges what can be judged without resolving: the name, or the address with its port.
    pub fn check_host(&self, host: &OutboundHost, port: u16) -> Result<(), Refusal> {
        match host {
            OutboundHost::Address(address) => self
                .check_address(SocketAddr::new(*address, port))
                .map(|_| ()),
            OutboundHost::Name(name) => match name.kind() {
                NameKind::Ordinary => Ok(()),
                NameKind::Local if self.opens_loopback() => Ok(()),
                NameKind::Local => Err(Refusal::LocalName(name.as_str().into())),
                NameKind::Metadata => Err(Refusal::MetadataName(name.as_str().into())),
            },
        }
    }

    /// Judges one resolved or literal address.
    pub fn check_address(&self, destination: SocketAddr) -> Result<AddressClass, Refusal> {
        let address = destination.ip();
        let class = classify(address);
        let is_open = class == AddressClass::Public
            || (class.is_openable() && (self.allow_private || self.is_in_open_range(address)));
        if !is_open {
            return Err(Refusal::Address { address, class });
        }
        if self.own_listeners.covers(destination) {
            return Err(Refusal::OwnListener(destination));
        }
        Ok(class)
    }

    /// Judges every answer for a name: one refused address refuses the name, so that the order of answers decides nothing.
    pub fn check_answers(&self, answers: &[IpAddr], port: u16) -> Result<Vec<SocketAddr>, Refusal> {
        answers
            .iter()
            .map(|address| {
                let destination = SocketAddr::new(*address, port);
                self.check_address(destination).map(|_| destination)
            })
            .collect()
    }

    fn is_in_open_range(&self, address: IpAddr) -> bool {
        self.open_ranges.iter().any(|range| range.contains(address))
    }

    fn opens_loopback(&self) -> bool {
        let is_loopback_range = |range: &IpRange| {
            classify(range.network()) == AddressClass::Loopback
                || range.contains(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST))
                || range.contains(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST))
        };
        self.allow_private || self.open_ranges.iter().any(is_loopback_range)
    }
}
