//! What the tests of every crate share: the real services that they start, a scripted upstream, and guards for processes.
//!
//! It is a dev-dependency only and knows no crate of ours, so that any of them can use it. Everything listens on loopback,
//! on a free port, and ends with the test process, even where that is killed.
//!
//! What it never does: pretend. PostgreSQL and nginx are the real ones; where they are missing, a test says so with
//! [`available`] and is counted as skipped, or fails in continuous integration.

mod child;
mod nginx;
mod port;
mod postgres;
mod service;
mod service_user;
mod upstream;
mod wait;

pub use child::{ChildGuard, command};
pub use nginx::Nginx;
pub use port::free_port;
pub use postgres::{Durability, Postgres};
pub use service::{Availability, Service, available};
pub use upstream::{Certificate, Latch, RecordedRequest, Reply, Upstream};
pub use wait::{eventually, wait_until};
