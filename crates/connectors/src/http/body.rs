//! The request's body as rules see it.

use std::fmt;

use countersign_gate::{Error, Result};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// The longest body in bytes that is read for rules: a longer one is sent, but not looked into.
pub(super) const JUDGED_BYTES: usize = 1 << 20;

/// What rules see of a body.
#[derive(Debug, PartialEq)]
pub(super) enum BodyFacts {
    /// It is empty.
    Empty,
    /// It is JSON.
    Json(Value),
    /// It is something else.
    Opaque,
    /// It looks like JSON, though no content type says so, and can't be read as such. A lenient server may.
    Unreadable,
    /// It may be JSON, and is too long to be read.
    TooLong,
}

impl BodyFacts {
    /// The word that rules match on.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json(_) => "json",
            Self::Opaque => "opaque",
            Self::Unreadable => "unreadable",
            Self::TooLong => "too_long",
        }
    }
}

/// Reads a body that is JSON by its content type or by its look.
///
/// # Errors
/// `invalid_input` for JSON that readers understand differently: a key given twice, or text that is no JSON though its content type
/// says so.
pub(super) fn read(content_type: Option<&str>, body: &[u8]) -> Result<BodyFacts> {
    if body.is_empty() {
        return Ok(BodyFacts::Empty);
    }
    let is_declared = content_type.is_some_and(is_json_type);
    if !is_declared && !looks_like_json(body) {
        return Ok(BodyFacts::Opaque);
    }
    if body.len() > JUDGED_BYTES {
        return Ok(BodyFacts::TooLong);
    }
    match serde_json::from_slice::<Strict>(body) {
        Ok(Strict(value)) => Ok(BodyFacts::Json(value)),
        Err(error) if error.is_data() => {
            let message = format!(
                "the body is JSON with a key given twice, line {} column {}: servers read that differently",
                error.line(),
                error.column()
            );
            Err(Error::invalid("body", message))
        }
        Err(error) if is_declared => {
            let (line, column) = (error.line(), error.column());
            let message = format!(
                "the content type says JSON and the body is not readable as such, line {line} column {column}"
            );
            Err(Error::invalid("body", message))
        }
        Err(_) => Ok(BodyFacts::Unreadable),
    }
}

fn is_json_type(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    matches!(essence.as_str(), "application/json" | "text/json") || essence.ends_with("+json")
}

fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// JSON in which no object has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Strict(value))) = access.next_entry::<String, Strict>()? {
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key is given twice"));
            }
        }
        Ok(Value::Object(map))
    }
}
