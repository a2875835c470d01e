//! Bodies and queries as these clients send them: any media type, unknown fields, numbers in text.

use std::collections::HashMap;

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::{
    body::{SMALL_BYTES, read_of_caller},
    problem::{Problem, Result},
};

/// A JSON object of at most a mebibyte, with its text.
#[derive(Debug)]
pub(crate) struct Object {
    pub(super) fields: Map<String, Value>,
    pub(super) bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        let bytes = read_of_caller(request, SMALL_BYTES).await?;
        let value = if bytes.is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(&bytes).map_err(|_| {
                Problem::new(
                    http::StatusCode::BAD_REQUEST,
                    "malformed_json",
                    "Malformed JSON in request body",
                )
            })?
        };
        match value {
            Value::Object(fields) => Ok(Self { fields, bytes }),
            _ => Err(Problem::invalid(".", "Request body must be a JSON object")),
        }
    }
}

impl Object {
    /// A text that must be there.
    pub(super) fn text(&self, name: &'static str) -> Result<String> {
        let text = self.fields.get(name).and_then(Value::as_str);
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| {
            Problem::invalid(
                name,
                format!("{name} is required and must be a non-empty string"),
            )
        })
    }

    /// A text that may be left out.
    pub(super) fn optional_text(&self, name: &'static str) -> Result<Option<String>> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Problem::invalid(name, format!("{name} must be a string"))),
        }
    }

    /// An object that may be left out.
    pub(super) fn optional_object(&self, name: &'static str) -> Result<Value> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Value::Object(Map::new())),
            Some(Value::Object(fields)) => Ok(Value::Object(fields.clone())),
            Some(_) => Err(Problem::invalid(name, format!("{name} must be an object"))),
        }
    }

    /// A list of texts that may be left out.
    pub(super) fn optional_texts(&self, name: &'static str) -> Result<Option<Vec<String>>> {
        let wrong = || Problem::invalid(name, format!("{name} must be an array of strings"));
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => list
                .iter()
                .map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect::<Result<_>>()
                .map(Some),
            Some(_) => Err(wrong()),
        }
    }

    /// A flag that may be left out.
    pub(super) fn flag(&self, name: &'static str, default: bool) -> Result<bool> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Problem::invalid(name, format!("{name} must be a boolean"))),
        }
    }

    /// A whole number that may be left out.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<i64>> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| Problem::invalid(name, format!("{name} must be a whole number"))),
        }
    }
}

/// A query: what is not known is ignored.
#[derive(Debug)]
pub(crate) struct Params(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let query = axum::extract::Query::try_from_uri(&parts.uri)
            .map_err(|_| Problem::invalid("query", "the query can't be read"))?;
        Ok(Self(query.0))
    }
}

impl Params {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|text| !text.is_empty()).cloned()
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.0.get(name)?.trim().parse().ok()
    }

    /// A time that may be left out.
    pub(super) fn time(
        &self,
        name: &'static str,
        is_end: bool,
    ) -> Result<Option<countersign_domain::Timestamp>> {
        self.text(name)
            .map(|text| super::paging::time(name, &text, is_end))
            .transpose()
    }
}
