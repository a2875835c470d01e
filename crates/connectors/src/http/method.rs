//! The methods that can be asked for, and what each does.

use countersign_domain::{Effect, Risk, method_floor};
use countersign_gate::{Error, Result};
use http::Method;

/// All of them. `CONNECT` and `TRACE` are no actions.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// Reads a method. Methods are case-sensitive.
pub(super) fn parse(field: &'static str, text: &str) -> Result<Method> {
    if METHODS.contains(&text)
        && let Ok(method) = Method::from_bytes(text.as_bytes())
    {
        return Ok(method);
    }
    let message =
        "the method must be GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE, in upper case";
    Err(Error::invalid(field, message))
}

/// What a method does by its definition (RFC 9110 section 9). `POST` may do anything, so it is a write.
pub(super) fn effect(method: &Method) -> Effect {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Effect::Read,
        Method::DELETE => Effect::Destructive,
        _ => Effect::Write,
    }
}

/// The floor of the risk, with its reason.
pub(super) fn risk(method: &Method) -> Risk {
    let reason = match *method {
        Method::GET => "GET reads",
        Method::HEAD => "HEAD reads headers",
        Method::OPTIONS => "OPTIONS asks what is possible",
        Method::POST => "POST creates or triggers something",
        Method::PATCH => "PATCH changes part of something",
        Method::PUT => "PUT replaces something",
        _ => "DELETE removes something",
    };
    Risk::floor(method_floor(method.as_str()), reason)
}
