//! The query of a request.

use std::borrow::Cow;

use countersign_gate::{Error, Result};
use serde_json::{Map, Value, map::Entry};
use url::form_urlencoded;

use super::headers::{fold, shortened};

/// Reads the query of an input: raw text, or an object of names and values.
pub(super) fn read(input: &Value) -> Result<Option<Cow<'_, str>>> {
    let query = match input {
        Value::Null => return Ok(None),
        Value::String(text) => Cow::Borrowed(text.as_str()),
        Value::Object(pairs) => Cow::Owned(encode(pairs)?),
        _ => {
            return Err(Error::invalid(
                "input.query",
                "query must be a string, an object or null",
            ));
        }
    };
    Ok((!query.is_empty()).then_some(query))
}

fn encode(pairs: &Map<String, Value>) -> Result<String> {
    let mut encoder = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        match value {
            Value::Array(values) => {
                for value in values {
                    encoder.append_pair(name, &scalar(name, value)?);
                }
            }
            value => {
                encoder.append_pair(name, &scalar(name, value)?);
            }
        }
    }
    Ok(encoder.finish())
}

fn scalar<'value>(name: &str, value: &'value Value) -> Result<Cow<'value, str>> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Number(number) => Ok(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Ok(Cow::Borrowed(if *flag { "true" } else { "false" })),
        _ => {
            let field = format!("input.query.{}", shortened(name));
            Err(Error::invalid(
                field,
                "a query value must be a string, a number, a boolean or a list of them",
            ))
        }
    }
}

/// The query as rules see it: decoded; a name that is given several times has a list.
pub(super) fn facts(query: Option<&str>) -> Map<String, Value> {
    let mut facts = Map::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let value = Value::String(value.into_owned());
        match facts.entry(name.into_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(values) => values.push(value),
                first => {
                    let values = vec![first.take(), value];
                    *first = Value::Array(values);
                }
            },
        }
    }
    facts
}

/// Whether some server could read a parameter of this name: names are compared without case, with every separator alike and without
/// `[]`; `;` may stand for `&`.
pub(super) fn has_parameter(query: &str, name: &str) -> bool {
    query
        .split('&')
        .any(|pair| pair_has_name(pair, &fold(name)))
}

/// The query without the parameters that some server could read as `name`.
pub(super) fn without_parameter(query: &str, name: &str) -> String {
    let folded = fold(name);
    let mut kept = String::with_capacity(query.len());
    for pair in query
        .split('&')
        .filter(|pair| !pair_has_name(pair, &folded))
    {
        if !kept.is_empty() {
            kept.push('&');
        }
        kept.push_str(pair);
    }
    kept
}

fn pair_has_name(pair: &str, folded: &str) -> bool {
    pair.split(';').any(|part| {
        form_urlencoded::parse(part.as_bytes())
            .next()
            .is_some_and(|(name, _)| {
                let name = name.trim_start();
                fold(name) == folded
                    || name
                        .split_once('[')
                        .is_some_and(|(outer, _)| fold(outer) == folded)
            })
    })
}

/// Appends a parameter.
pub(super) fn push_parameter(query: &mut String, name: &str, value: &[u8]) {
    if !query.is_empty() {
        query.push('&');
    }
    query.extend(form_urlencoded::byte_serialize(name.as_bytes()));
    query.push('=');
    query.extend(form_urlencoded::byte_serialize(value));
}
