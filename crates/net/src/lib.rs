//! The only crate that dials out.
//!
//! Everything that leaves the gateway goes parse → resolve → check → pinned dial: a URL is read once by a WHATWG parser ([`OutboundUrl`]),
//! its name is resolved by us ([`Resolver`]), **every** answer is judged against one address table ([`classify`]) under an
//! [`EgressPolicy`], and the socket is opened to a judged address and to nothing else ([`Dialler`]). [`HttpClient`] adds pooling, limits and
//! deadlines.
//!
//! It never follows a redirect, never reads proxy variables of the environment, never decompresses a reply, never sends a request twice
//! unless nothing of it was written, and never puts a URL's query or a credential into an error.
//!
//! # Invariants
//!
//! - A refused address is never connected to, whatever a name resolves to between the check and the dial.
//! - The gateway's own listeners and cloud metadata services are never a destination, whatever an operator opens.
//! - Every wait on the outside has a deadline and every buffer a bound.

mod address;
mod body;
mod check;
mod client;
mod dial;
mod error;
mod host;
mod limits;
mod local;
mod policy;
mod ports;
mod range;
mod resolver;
mod stream;
mod tls;
mod url;

pub use address::{AddressClass, AddressRow, address_table, classify, embedded_ipv4};
pub use body::{BoxError, OutboundBody};
pub use check::{NOT_RESOLVED, Verdict, check_url, check_urls};
pub use client::{HttpClient, HttpClientConfig, LimitedBody, OutboundRequest};
pub use dial::{Dialler, DiallerConfig};
pub use error::{Delivery, NetError};
pub use host::{HostName, NameKind, OutboundHost};
pub use limits::Limits;
pub use local::{
    CertificatePin, EndpointError, EventStream, LocalClient, LocalClientConfig, LocalEndpoint,
    LocalRequest, LocalResponse, LocalStream, ServerSentEvent,
};
pub use policy::{EgressPolicy, OwnListeners, Refusal};
pub use ports::is_bad_port;
pub use range::{IpRange, RangeError, parse_ranges};
pub use resolver::{FixedAnswers, ParseAnswerError, Resolver, parse_resolve_option};
pub use stream::DialledStream;
pub use tls::{TlsError, TlsSettings};
pub use url::{OutboundUrl, UrlFault};
