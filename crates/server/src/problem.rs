//! What went wrong, as clients see it: the one place that maps the gate's errors to statuses.
//!
//! A handler answers with a [`Problem`]; the shell gives it the form of the face that was called (RFC 9457 `application/problem+json`,
//! or a dialect's own shape) and adds the request's id. A fault of the gateway keeps its cause for the log: clients see an opaque text.

use std::{borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use countersign_domain::RequestId;
use countersign_gate::{Error, ErrorKind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The result of a handler.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// The media type of RFC 9457.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a call was not carried out.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Parts>);

/// The parts of a problem before it has a form.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) field: Option<Cow<'static, str>>,
    pub(crate) limit: Option<&'static str>,
    pub(crate) action: Option<RequestId>,
    pub(crate) tries_left: Option<u32>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Problem {
    /// A problem of the face itself.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = detail.into();
        Self(Box::new(Parts {
            status,
            code,
            detail,
            field: None,
            limit: None,
            action: None,
            tries_left: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// A field of what came in is wrong.
    pub(crate) fn invalid(
        field: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "invalid_input", detail);
        problem.0.field = Some(field.into());
        problem
    }

    /// Nobody, or nobody known, asks.
    pub(crate) fn unauthenticated(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// There is nothing at this path.
    pub(crate) fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_route",
            "there is nothing at this path; /openapi.json lists every path",
        )
    }

    /// The path exists, the method does not.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path does not take this method; the Allow header names those it takes",
        )
    }

    /// What came in is longer than it may be.
    pub(crate) fn too_large(limit: &'static str, bytes: usize) -> Self {
        let detail = format!("the request's body is over {bytes} bytes: send less");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", detail).limited_by(limit)
    }

    /// The vault is locked.
    pub(crate) fn locked() -> Self {
        let detail = "the gateway is locked: unlock it with `countersign vault unlock` or POST /api/v1/vault/unlock";
        Self::new(StatusCode::LOCKED, "locked", detail)
    }

    /// There is no installation yet.
    pub(crate) fn setup_required() -> Self {
        let detail =
            "this gateway was never set up: open the one-time address that it gave when it started";
        Self::new(StatusCode::LOCKED, "setup", detail)
    }

    /// Nothing can be set up here, or no more.
    pub(crate) fn setup_closed() -> Self {
        let detail = "there is nothing to set up: this gateway was set up already, or its one-time address is dead (restart it for another)";
        Self::new(StatusCode::GONE, "setup_closed", detail)
    }

    /// A fault of the gateway.
    pub(crate) fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Error::internal(cause).into()
    }

    pub(crate) fn limited_by(mut self, limit: &'static str) -> Self {
        self.0.limit = Some(limit);
        self
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    pub(crate) fn tries_left(mut self, tries: u32) -> Self {
        self.0.tries_left = Some(tries);
        self
    }

    pub(crate) fn about(mut self, action: RequestId) -> Self {
        self.0.action = Some(action);
        self
    }

    pub(crate) const fn parts(&self) -> &Parts {
        &self.0
    }

    /// The response in the native form.
    pub(crate) fn document(&self, request_id: &str) -> ProblemDocument {
        let parts = self.parts();
        ProblemDocument {
            kind: format!("urn:countersign:problem:{}", parts.code),
            title: parts
                .status
                .canonical_reason()
                .unwrap_or("Error")
                .to_owned(),
            status: parts.status.as_u16(),
            detail: parts.detail.clone().into_owned(),
            code: parts.code.to_owned(),
            field: parts.field.clone().map(Cow::into_owned),
            limit: parts.limit.map(str::to_owned),
            request_id: (!request_id.is_empty()).then(|| request_id.to_owned()),
            action_id: parts.action.map(|id| id.to_string()),
            tries_left: parts.tries_left,
        }
    }
}

/// An error of RFC 9457, as `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:countersign:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What happened, why, and what to do next. For people.
    pub detail: String,
    /// Stable, `snake_case`: what programs match on.
    pub code: String,
    /// The field of the input at fault, as a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The name of the limit that was hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// The id of this HTTP request, as in the log and in `x-request-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The action's id, where the problem is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// How often it may still be tried, where tries are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u32>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.kind {
            ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Gone => StatusCode::GONE,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Contradiction => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Locked => StatusCode::LOCKED,
            ErrorKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::TargetFailed => StatusCode::BAD_GATEWAY,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::TargetTimeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(Box::new(Parts {
            status,
            code: error.code,
            detail: error.message,
            field: error.field,
            limit: error.limit,
            action: error.request,
            tries_left: error.tries_left,
            retry_after: error.retry_after,
            cause: error.cause.map(Arc::from),
        }))
    }
}

impl IntoResponse for Problem {
    /// A response without a body that carries the problem: the shell renders it.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.parts().status;
        if let Some(wait) = self.parts().retry_after {
            // Rounded up: whoever waits exactly this long succeeds.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.parts().status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
