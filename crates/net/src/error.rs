//! What can go wrong on the way out.

use std::time::Duration;

use crate::policy::Refusal;

/// Whether a request that failed may have reached the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Not a byte of it was written: repeating it is safe.
    NotSent,
    /// Part or all of it may have arrived, and may have had its effect.
    MaybeSent,
}

/// A failed outbound exchange.
///
/// Messages name hosts and limits; they never contain a path, a query, a header or a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The policy or the URL's form forbids it.
    #[error("destination refused: {0}")]
    DestinationRefused(#[from] Refusal),
    /// The request itself cannot be sent by this client.
    #[error("request refused: {reason}")]
    RequestRefused {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name has no address, or the lookup failed or took too long.
    #[error("`{host}` could not be resolved: {detail}; check the name and this machine's DNS")]
    NameNotResolved {
        /// The name.
        host: Box<str>,
        /// What the resolver said.
        detail: Box<str>,
    },
    /// No checked address accepted a connection.
    #[error(
        "could not connect to {destination}: {detail}; check that the service runs and is reachable from here"
    )]
    ConnectFailed {
        /// Host and port.
        destination: Box<str>,
        /// What the last attempt said.
        detail: Box<str>,
    },
    /// No checked address answered in time.
    #[error("could not connect to {destination} within {}; check that the service is reachable from here", seconds(*.limit))]
    ConnectTimeout {
        /// Host and port.
        destination: Box<str>,
        /// The time that was given.
        limit: Duration,
    },
    /// The certificate was not accepted, or the handshake failed.
    #[error(
        "no TLS connection to {destination}: {detail}; check its certificate, or add the authority that signed it"
    )]
    TlsFailed {
        /// Host and port.
        destination: Box<str>,
        /// What the handshake said.
        detail: Box<str>,
    },
    /// No head of a reply in time.
    #[error("no reply within {} (limit `first_byte`)", seconds(*.limit))]
    FirstByteTimeout {
        /// The limit.
        limit: Duration,
    },
    /// The reply did not end in time.
    #[error("the reply did not end within {} (limit `total`)", seconds(*.limit))]
    TotalTimeout {
        /// The limit.
        limit: Duration,
    },
    /// The request's body is too long.
    #[error("the request's body is longer than {limit_bytes} bytes (limit `request_bytes`)")]
    RequestTooLarge {
        /// The limit.
        limit_bytes: u64,
        /// Whether part of it was sent before this was known.
        delivery: Delivery,
    },
    /// The reply's body is too long.
    #[error("the reply's body is longer than {limit_bytes} bytes (limit `response_bytes`)")]
    ResponseTooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The reply's header is too long or has too many fields.
    #[error(
        "the reply's header is longer than {limit_bytes} bytes or has over 100 fields (limit `header_bytes`)"
    )]
    ResponseHeadersTooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The reply is not valid HTTP.
    #[error("the reply is not valid HTTP: {detail}")]
    BadResponse {
        /// What the parser said.
        detail: Box<str>,
    },
    /// The connection broke.
    #[error("the connection was lost: {detail}")]
    ConnectionLost {
        /// What was seen.
        detail: Box<str>,
        /// Whether the request may have arrived.
        delivery: Delivery,
    },
}

impl NetError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DestinationRefused(_) => "destination_refused",
            Self::RequestRefused { .. } => "request_refused",
            Self::NameNotResolved { .. } => "name_not_resolved",
            Self::ConnectFailed { .. } => "connect_failed",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::TlsFailed { .. } => "tls_failed",
            Self::FirstByteTimeout { .. } => "first_byte_timeout",
            Self::TotalTimeout { .. } => "total_timeout",
            Self::RequestTooLarge { .. } => "request_too_large",
            Self::ResponseTooLarge { .. } => "response_too_large",
            Self::ResponseHeadersTooLarge { .. } => "response_headers_too_large",
            Self::BadResponse { .. } => "bad_response",
            Self::ConnectionLost { .. } => "connection_lost",
        }
    }

    /// The name of the limit that was hit, if one was.
    pub fn limit(&self) -> Option<&'static str> {
        match self {
            Self::ConnectTimeout { .. } => Some("connect"),
            Self::FirstByteTimeout { .. } => Some("first_byte"),
            Self::TotalTimeout { .. } => Some("total"),
            Self::RequestTooLarge { .. } => Some("request_bytes"),
            Self::ResponseTooLarge { .. } => Some("response_bytes"),
            Self::ResponseHeadersTooLarge { .. } => Some("header_bytes"),
            _ => None,
        }
    }

    /// Whether the request may have arrived. Says [`Delivery::NotSent`] only where that is certain.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::DestinationRefused(_)
            | Self::RequestRefused { .. }
            | Self::NameNotResolved { .. }
            | Self::ConnectFailed { .. }
            | Self::ConnectTimeout { .. }
            | Self::TlsFailed { .. } => Delivery::NotSent,
            Self::RequestTooLarge { delivery, .. } | Self::ConnectionLost { delivery, .. } => {
                *delivery
            }
            Self::FirstByteTimeout { .. }
            | Self::TotalTimeout { .. }
            | Self::ResponseTooLarge { .. }
            | Self::ResponseHeadersTooLarge { .. }
            | Self::BadResponse { .. } => Delivery::MaybeSent,
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
