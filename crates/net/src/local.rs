//! The operator's client: how the command line talks to its own gateway.
//!
//! This is not egress. The operator names the gateway, so no policy judges it; in exchange the client speaks plain HTTP only over loopback or a
//! Unix socket, because every request carries a key. It sends no agent's data and serves no connector.

mod client;
mod endpoint;
mod events;
mod pin;

pub use client::{LocalClient, LocalClientConfig, LocalRequest, LocalResponse, LocalStream};
pub use endpoint::{EndpointError, LocalEndpoint};
pub use events::{EventStream, ServerSentEvent};
pub use pin::CertificatePin;
