//! From hyper's errors to ours.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;

use crate::error::{Delivery, NetError};

/// A failed attempt, before it is known whether it is repeated.
#[derive(Debug)]
pub(super) struct Failure(legacy::Error);

impl Failure {
    pub(super) fn new(error: legacy::Error) -> Self {
        Self(error)
    }

    /// Whether not a byte of the request was written.
    ///
    /// hyper makes an error of this kind only where it still holds the whole request: it never left the connection's queue.
    pub(super) fn is_provably_unsent(&self) -> bool {
        find::<hyper::Error>(&self.0).is_some_and(hyper::Error::is_canceled)
    }

    pub(super) fn into_error(self, header_bytes: usize) -> NetError {
        // Our own errors, from the connector or from the request's body.
        if let Some(error) = find::<NetError>(&self.0) {
            return error.clone();
        }
        if self.0.is_connect() {
            return NetError::ConnectFailed {
                destination: "the server".into(),
                detail: innermost(&self.0).into(),
            };
        }
        let delivery = if self.is_provably_unsent() {
            Delivery::NotSent
        } else {
            Delivery::MaybeSent
        };
        match find::<hyper::Error>(&self.0) {
            Some(error) if error.is_parse_too_large() => NetError::ResponseHeadersTooLarge {
                limit_bytes: header_bytes,
            },
            Some(error) if error.is_parse() => NetError::BadResponse {
                detail: innermost(error).into(),
            },
            _ => NetError::ConnectionLost {
                detail: innermost(&self.0).into(),
                delivery,
            },
        }
    }
}

/// An error while the body of a reply is read.
pub(super) fn of_body(error: &hyper::Error) -> NetError {
    let is_malformed = error.is_parse()
        || find::<io::Error>(error).is_some_and(|cause| {
            matches!(
                cause.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            )
        });
    let detail = innermost(error).into();
    if is_malformed {
        NetError::BadResponse { detail }
    } else {
        NetError::ConnectionLost {
            detail,
            delivery: Delivery::MaybeSent,
        }
    }
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
