//! What a use case answers when it can't do what was asked.
//!
//! One type for the whole gate: a kind (which faces map to a status), a stable code (which programs match on), a text (for people:
//! what happened, why, what to do next) and, where it helps, the field at fault. Faults of the gateway itself carry their cause for
//! the log only: clients see an opaque text.

use std::{borrow::Cow, time::Duration};

use countersign_domain::RequestId;

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is. Each face maps it to its own status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is malformed. 400.
    InvalidInput,
    /// Nobody, or nobody known, asks. 401.
    Unauthenticated,
    /// The one who asks may not, or a rule said no. 403.
    Forbidden,
    /// It does not exist, or not for the one who asks. 404.
    NotFound,
    /// It is not in a state for this, or someone was first. 409.
    Conflict,
    /// It was there and is no more. 410.
    Gone,
    /// A limit on what comes in. 413.
    TooLarge,
    /// The input is well formed and contradicts what is known. 422.
    Contradiction,
    /// The vault is locked. 423.
    Locked,
    /// Too often. 429.
    TooManyRequests,
    /// The target failed. 502.
    TargetFailed,
    /// The gateway can't do it now: store, vault, configuration. 503.
    Unavailable,
    /// The target took too long. 504.
    TargetTimeout,
    /// A fault of the gateway. 500.
    Internal,
}

/// Why a use case could not be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind.
    pub kind: ErrorKind,
    /// Stable, `snake_case`: what programs match on.
    pub code: &'static str,
    /// For people. Never holds a secret.
    pub message: Cow<'static, str>,
    /// The field of the input at fault, as a path.
    pub field: Option<Cow<'static, str>>,
    /// The name of the limit that was hit.
    pub limit: Option<&'static str>,
    /// The request it is about.
    pub request: Option<RequestId>,
    /// When it is worth trying again.
    pub retry_after: Option<Duration>,
    /// How often it may still be tried, where tries are counted.
    pub tries_left: Option<u32>,
    /// The cause, for the log.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure with its code and text.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            field: None,
            limit: None,
            request: None,
            retry_after: None,
            tries_left: None,
            cause: None,
        }
    }

    /// A field of the input is wrong.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(ErrorKind::InvalidInput, "invalid_input", message)
        }
    }

    /// There is no such thing, or none that the one who asks may know of.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(
            ErrorKind::NotFound,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// The one who asks may not.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Forbidden, "forbidden", message)
    }

    /// A fault of the gateway, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let message = "the gateway failed; its log has the reason under this request's id";
        Self {
            cause: Some(cause.into()),
            ..Self::new(ErrorKind::Internal, "internal", message)
        }
    }

    /// The same failure, about this request.
    #[must_use]
    pub fn about(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// The same failure, worth trying again after this long.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same failure, which may happen so many more times before it is refused.
    #[must_use]
    pub fn tries_left(mut self, tries: u32) -> Self {
        self.tries_left = Some(tries);
        self
    }

    /// The same failure, naming the limit that was hit.
    #[must_use]
    pub fn limit(mut self, name: &'static str) -> Self {
        self.limit = Some(name);
        self
    }
}
