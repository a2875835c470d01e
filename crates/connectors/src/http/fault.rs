//! From the network's errors to those of an execution.

use countersign_gate::{ExecutionError, ExecutionFailure};
use countersign_net::NetError;

/// Maps an error of `net`. Its texts hold no path, query, header or credential.
pub(super) fn of_net(error: &NetError) -> ExecutionError {
    use ExecutionFailure as Failure;
    // Limits by the names that a target has them under.
    let (failure, limit) = match error {
        NetError::DestinationRefused(_) | NetError::RequestRefused { .. } => {
            (Failure::Refused, None)
        }
        NetError::RequestTooLarge { .. } => (Failure::Refused, Some("request_bytes")),
        NetError::NameNotResolved { .. }
        | NetError::ConnectFailed { .. }
        | NetError::TlsFailed { .. }
        | NetError::ConnectionLost { .. } => (Failure::Unreachable, None),
        NetError::ConnectTimeout { .. } => (Failure::Timeout, None),
        NetError::FirstByteTimeout { .. } => (Failure::Timeout, Some("first_byte_millis")),
        NetError::TotalTimeout { .. } => (Failure::Timeout, Some("total_millis")),
        NetError::ResponseTooLarge { .. } => (Failure::TooLarge, Some("response_bytes")),
        NetError::ResponseHeadersTooLarge { .. } => (Failure::TooLarge, Some("header_bytes")),
        NetError::BadResponse { .. } => (Failure::BadReply, None),
    };
    ExecutionError {
        failure,
        code: error.code(),
        message: error.to_string(),
        limit,
    }
}

/// The reply is longer than it may be, once it is decoded.
pub(super) fn too_large(limit_bytes: u64) -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::TooLarge,
        code: "response_too_large",
        message: format!(
            "the decoded reply is longer than {limit_bytes} bytes (limit response_bytes)"
        ),
        limit: Some("response_bytes"),
    }
}

/// The reply can't be read.
pub(super) fn bad_reply(code: &'static str, message: &'static str) -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::BadReply,
        code,
        message: message.to_owned(),
        limit: None,
    }
}

/// The execution was told to stop.
pub(super) fn cancelled() -> ExecutionError {
    ExecutionError {
        failure: ExecutionFailure::Cancelled,
        code: "cancelled",
        message: "the execution was stopped: a kill switch, a revoked key, a client that left, or shutdown".to_owned(),
        limit: None,
    }
}
