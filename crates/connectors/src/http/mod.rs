//! The HTTP connector: one API behind a base URL.
//!
//! An action is `METHOD /path-below-the-base`; its input is a query and headers, its body any bytes. What [`resolve`] returns is exactly
//! what runs: method, path, query, headers and body are normalised there, judged, and sent as they are, plus the credential. Where servers
//! disagree on how to read something (dot segments, encoded slashes, method overrides, duplicate JSON keys, compressed bodies), it is
//! refused instead of guessed.
//!
//! Never: a redirect is followed, a credential or transport header of an agent is sent on, a cookie of the upstream is handed out, a
//! destination is dialled past the address checks.
//!
//! `GET /` means the base URL itself, with or without its last slash as the operator wrote it.

mod body;
mod cache;
mod config;
mod connector;
mod credential;
mod decode;
mod descriptor;
mod execute;
mod fault;
mod form;
mod headers;
mod locate;
mod method;
mod preview;
mod probe;
mod query;
mod reply;
mod request;
mod resolve;
mod target;

pub use config::HttpConnectorConfig;
pub use connector::HttpConnector;
