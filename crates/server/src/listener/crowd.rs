//! The connections of a listener by where they come from, so that one source can't hold them all.
//!
//! A connection is a stranger's until a call on it has shown a live credential. Strangers make room: over the cap of a source for its
//! next connection, and where the listener is full for anybody's. The others stay, and count only among all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

/// The network bits of an IPv6 address: one host usually has all addresses behind them.
const IPV6_NETWORK: u128 = !0 << 64;

/// Who is connected. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    sources: Arc<Mutex<Sources>>,
    strangers_per_source: usize,
}

#[derive(Debug, Default)]
struct Sources {
    /// Of each source its connections, oldest first. None is empty.
    connections: HashMap<IpAddr, Vec<Connection>>,
    next: u64,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    is_known: Arc<AtomicBool>,
    leaving: CancellationToken,
}

impl Connection {
    fn is_stranger(&self) -> bool {
        !self.is_known.load(Ordering::Relaxed)
    }
}

/// A connection's seat, given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    crowd: Crowd,
    source: IpAddr,
    number: u64,
    leaving: CancellationToken,
}

impl Seat {
    /// Waits until the connection has to make room.
    pub(super) async fn lost(&self) {
        self.leaving.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut sources = self.crowd.lock();
        if let Some(connections) = sources.connections.get_mut(&self.source) {
            connections.retain(|connection| connection.number != self.number);
            if connections.is_empty() {
                sources.connections.remove(&self.source);
            }
        }
    }
}

impl Crowd {
    pub(super) fn new(strangers_per_source: usize) -> Self {
        Self {
            sources: Arc::default(),
            strangers_per_source: strangers_per_source.max(1),
        }
    }

    // Every change of the map is one call: a panic can't leave it half changed.
    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats a connection. Where its source has as many strangers as it may, the oldest of them leaves.
    pub(super) fn enter(&self, address: IpAddr, is_known: &Arc<AtomicBool>) -> Seat {
        let source = source_of(address);
        let leaving = CancellationToken::new();
        let mut sources = self.lock();
        let number = sources.next;
        sources.next += 1;
        let connections = sources.connections.entry(source).or_default();
        if strangers(connections) >= self.strangers_per_source {
            send_away_oldest(connections);
        }
        connections.push(Connection {
            number,
            is_known: Arc::clone(is_known),
            leaving: leaving.clone(),
        });
        Seat {
            crowd: self.clone(),
            source,
            number,
            leaving,
        }
    }

    /// Sends the oldest stranger of the source with the most strangers away, if there is one.
    pub(super) fn make_room(&self) {
        let mut sources = self.lock();
        let most = sources
            .connections
            .values_mut()
            .max_by_key(|connections| strangers(connections));
        if let Some(connections) = most {
            send_away_oldest(connections);
        }
    }
}

fn strangers(connections: &[Connection]) -> usize {
    connections
        .iter()
        .filter(|connection| connection.is_stranger())
        .count()
}

fn send_away_oldest(connections: &mut Vec<Connection>) {
    if let Some(oldest) = connections.iter().position(Connection::is_stranger) {
        connections.remove(oldest).leaving.cancel();
    }
}

/// Whom an address belongs to: a network of IPv6, a machine's loopback addresses together.
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address if address.is_loopback() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK)),
    }
}

#[cfg(test)]
mod tests;
