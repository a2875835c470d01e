//! The request's body as rules see it.

use std::fmt;

use countersign_gate::{Error, Result};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::form::{self, Form};

/// The longest body in bytes that is read for rules: a longer one is sent, but not looked into.
pub(super) const JUDGED_BYTES: usize = 1 << 20;

/// The content type of a form.
pub(super) const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// What rules see of a body.
#[derive(Debug, PartialEq)]
pub(super) enum BodyFacts {
    /// It is empty.
    Empty,
    /// It is JSON.
    Json(Value),
    /// It is a form.
    Form(Form),
    /// It is something else: rules can't look into it.
    Opaque,
    /// It is a form or may be JSON, and servers may read it differently.
    Unreadable,
    /// It is a form or may be JSON, and is too long to be read.
    TooLong,
}

impl BodyFacts {
    /// The word that rules match on.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json(_) => "json",
            Self::Form(_) => "form",
            Self::Opaque => "opaque",
            Self::Unreadable => "unreadable",
            Self::TooLong => "too_long",
        }
    }
}

/// Reads a body that is JSON, by its content type or by its look, or a form by its content type.
///
/// # Errors
/// `invalid_input` for JSON that readers understand differently: a key given twice, or text that is no JSON though its content type
/// says so.
pub(super) fn read(content_type: Option<&str>, body: &[u8]) -> Result<BodyFacts> {
    if body.is_empty() {
        return Ok(BodyFacts::Empty);
    }
    let essence = essence(content_type);
    let is_declared = is_json_type(&essence);
    let is_form = essence == FORM_TYPE;
    if (is_declared || is_form) && !content_type.is_none_or(is_utf8) {
        return Ok(BodyFacts::Unreadable);
    }
    // What stands before the first part of a multipart body is nothing to a server, so its look says nothing.
    let looks_like_json = !essence.starts_with("multipart/") && looks_like_json(body);
    if !is_declared && !is_form && !looks_like_json {
        return Ok(BodyFacts::Opaque);
    }
    if body.len() > JUDGED_BYTES {
        return Ok(BodyFacts::TooLong);
    }
    if is_form && !looks_like_json {
        return Ok(form::read(body).map_or(BodyFacts::Unreadable, BodyFacts::Form));
    }
    match serde_json::from_slice::<Strict>(body) {
        // `{"x":"&amount=500&"}` has another amount to a server that takes it for a form.
        Ok(_) if !is_declared && body.contains(&b'&') && body.contains(&b'=') => {
            Ok(BodyFacts::Unreadable)
        }
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

/// The content type without its parameters, in lower case; empty where there is none.
pub(super) fn essence(content_type: Option<&str>) -> String {
    content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn is_json_type(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

/// Whether a server that heeds the charset reads the same text as one that does not.
fn is_utf8(content_type: &str) -> bool {
    content_type.split(';').skip(1).all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || ["utf-8", "utf8", "us-ascii"].iter().any(|known| {
                value
                    .trim()
                    .trim_matches(['"', '\''])
                    .eq_ignore_ascii_case(known)
            })
    })
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
