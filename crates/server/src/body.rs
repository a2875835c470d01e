//! Reading what comes in: JSON bodies and query strings, bounded in size, depth and time, with errors that name the field.
//!
//! INVARIANT: whatever reads a body of an authenticated call asks afterwards who calls: bodies can be slow.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, de::DeserializeOwned};

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    caller::Caller,
    problem::{Problem, Result},
    state::ServerState,
};

/// The longest body of any other route than those that submit an action, in bytes.
pub(crate) const SMALL_BYTES: usize = 1 << 20;

/// The longest a body may take to arrive.
const PATIENCE: Duration = Duration::from_mins(1);

/// The longest text of a parser that is passed on, in bytes.
const DETAIL_BYTES: usize = 400;

/// A JSON body of at most [`SMALL_BYTES`], which must be there.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        require_json(request.headers())?;
        let bytes = read_of_caller(request, SMALL_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

/// A body up to this long needs no place among the long ones, in bytes.
const SHORT_BYTES: u64 = 256 << 10;

/// How long a call waits for a place among the long bodies.
const PLACE_PATIENCE: Duration = Duration::from_secs(10);

/// The bytes of a JSON body that describes an action: possibly long, and parsed by its handler without a copy. Long ones have places,
/// held until the call is answered: together they never take more memory than there are places.
#[derive(Debug)]
pub(crate) struct ActionJson {
    pub(crate) bytes: Bytes,
    _place: Option<OwnedSemaphorePermit>,
}

impl FromRequest<Arc<ServerState>> for ActionJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<ServerState>) -> Result<Self> {
        require_json(request.headers())?;
        let limit = state.limits.action_body_bytes;
        let size = request.body().size_hint();
        if size.lower() > limit as u64 {
            return Err(Problem::too_large("request_bytes", limit));
        }
        let place = if size.upper().is_some_and(|upper| upper <= SHORT_BYTES) {
            None
        } else {
            Some(place(state).await?)
        };
        Ok(Self {
            bytes: read_of_caller(request, limit).await?,
            _place: place,
        })
    }
}

async fn place(state: &ServerState) -> Result<OwnedSemaphorePermit> {
    let waiting = Arc::clone(&state.long_bodies).acquire_owned();
    if let Ok(Ok(place)) = tokio::time::timeout(PLACE_PATIENCE, waiting).await {
        return Ok(place);
    }
    let detail = format!(
        "{} long bodies are being worked on: try again",
        state.limits.long_bodies
    );
    let problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too_many_long_bodies",
        detail,
    );
    Err(problem
        .limited_by("long_bodies")
        .retry_after(PLACE_PATIENCE))
}

/// A JSON body that may be left out: then the default.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        let typed = request
            .headers()
            .contains_key(header::CONTENT_TYPE)
            .then(|| require_json(request.headers()));
        let bytes = read_of_caller(request, SMALL_BYTES).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        typed.unwrap_or_else(|| Err(not_json()))?;
        parse(&bytes).map(Self)
    }
}

/// A query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(error) => {
                let text = bounded(
                    &std::error::Error::source(&error)
                        .map_or_else(|| error.to_string(), ToString::to_string),
                );
                let field = unknown_field(&text).unwrap_or("query").to_owned();
                Err(Problem::invalid(field, text))
            }
        }
    }
}

fn not_json() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_json",
        "the body must be JSON: send the header `Content-Type: application/json`",
    )
}

/// Refuses whatever does not say that it is JSON: a form that a foreign page makes a browser send can't.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<()> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let media_type = media_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if media_type.eq_ignore_ascii_case(b"application/json") {
        Ok(())
    } else {
        Err(not_json())
    }
}

/// Reads a body of at most `limit` bytes, and asks then whether its caller still is who they were at its beginning.
pub(crate) async fn read_of_caller(request: Request, limit: usize) -> Result<Bytes> {
    let caller = request.extensions().get::<Caller>().cloned();
    let bytes = read(request.into_body(), limit).await?;
    if let Some(caller) = caller {
        caller.refresh().await?;
    }
    Ok(bytes)
}

/// Reads a body of at most `limit` bytes.
async fn read(body: Body, limit: usize) -> Result<Bytes> {
    let late = |_| {
        let detail = format!(
            "the request's body did not arrive within {} s",
            PATIENCE.as_secs()
        );
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail).limited_by("body_seconds")
    };
    match tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect())
        .await
        .map_err(late)?
    {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::too_large("request_bytes", limit))
        }
        Err(_) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "body_incomplete",
            "the request's body ended early",
        )),
    }
}

/// Parses a JSON object. The common case is one pass; only what fails is read again, to find out where.
pub(crate) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T> {
    // A list in the place of an object would be taken field by field.
    if matches!(
        bytes.trim_ascii_start().first(),
        Some(b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
    ) {
        return Err(Problem::invalid(".", "the body must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| explain::<T>(bytes, &error))
}

#[cold]
fn explain<'de, T: Deserialize<'de>>(bytes: &'de [u8], error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        let text = error.to_string();
        return if text.starts_with("recursion limit exceeded") {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "json_too_deep",
                "the body is nested deeper than 127 levels",
            )
            .limited_by("json_depth")
        } else {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                format!("the body is not JSON: {text}"),
            )
        };
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let (mut path, said) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => (
            error.path().to_string(),
            bounded(&error.inner().to_string()),
        ),
        Ok(_) => (String::from("."), bounded(&error.to_string())),
    };
    let text = without_value(without_place(&said));
    if let Some(name) = unknown_field(&text).or_else(|| named_field(&text, "missing field `")) {
        if path == "." {
            name.clone_into(&mut path);
        } else if path.rsplit('.').next() != Some(name) {
            path = format!("{}.{name}", path.trim_end_matches(".?"));
        }
    }
    Problem::invalid(path, text)
}

/// What the deserialiser says, without where in the text: the field's path says it better.
fn without_place(said: &str) -> &str {
    let is_place = |place: &str| {
        place.split_once(" column ").is_some_and(|(line, column)| {
            line.parse::<u64>().is_ok() && column.parse::<u64>().is_ok()
        })
    };
    match said.rsplit_once(" at line ") {
        Some((text, place)) if is_place(place) => text,
        _ => said,
    }
}

/// What the deserialiser says, without the value that it says it about: a value may be a secret in the wrong place.
fn without_value(said: &str) -> String {
    let kinds = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ];
    let kind = kinds.iter().find(|kind| said.starts_with(**kind));
    match (kind, said.rsplit_once(", expected ")) {
        (Some(kind), Some((_, expected))) => format!("{kind}: expected {expected}"),
        (Some(kind), None) => (*kind).to_owned(),
        (None, _) => said.to_owned(),
    }
}

fn unknown_field(text: &str) -> Option<&str> {
    named_field(text, "unknown field `")
}

fn named_field<'text>(text: &'text str, opening: &str) -> Option<&'text str> {
    let (_, rest) = text.split_once(opening)?;
    rest.split_once('`').map(|(name, _)| name)
}

fn bounded(text: &str) -> String {
    if text.len() <= DETAIL_BYTES {
        return text.to_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(DETAIL_BYTES)])
}

#[cfg(test)]
mod tests;
