//! HTTP in: the native API, the proxy face, the operator's page, events, health, metrics, and the listeners they stand on.
//!
//! Two kinds of surface that never mix: `api` (native, described by `/openapi.json`) and `dialects` (the wire shapes of clients that
//! already exist). Both turn calls into the gate's use cases and answers into documents; neither decides anything.
//!
//! Invariants: a route that is not in [`ROUTES`] is refused; a credential is identified before a body is read; Host and Origin are
//! checked before anything else; whatever comes in is bounded; no plain listener is reachable from outside; nothing that a client
//! wrote stands in the log.

mod access;
mod api;
mod body;
mod caller;
mod config;
mod container;
mod decision_page;
mod deployment;
mod dialects;
mod events;
mod health;
mod hosts;
mod listener;
mod live;
mod metrics;
mod network;
mod openapi;
mod peer;
mod problem;
mod router;
mod server;
mod setup;
mod shell;
mod state;
mod streams;
mod tls;
mod web;

pub use access::{Access, Face, OPEN_ROUTES, Proof, ROUTES, RouteAccess};
pub use config::{Bind, Dialects, ListenerConfig, ServerConfig, ServerLimits, Serves};
pub use container::is_container;
pub use deployment::{CertificateFacts, Deployment, ListenerFacts, PassphraseSource, StoreKind};
pub use hosts::InvalidHost;
pub use listener::ServerError;
pub use network::{InvalidRange, IpRange};
pub use openapi::openapi_document;
pub use peer::Peer;
pub use problem::ProblemDocument;
pub use server::Server;
pub use setup::{SetUp, Setup, SetupDraft, SetupError, SetupFacts};
pub use shell::Shell;
pub use state::{Keeper, ServerState};
pub use tls::{TlsError, tls_config};
pub use web::{WebFile, WebPage};
