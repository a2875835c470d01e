//! Columns that hold more than a number, a text or bytes: JSON documents, names and words of the glossary.

use std::str::FromStr;

use countersign_domain::{Actor, Labels, Name};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{Result, StoreError},
    value::Row,
};

/// A document as the text that a JSON column takes.
pub(crate) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Constraint {
        constraint: format!("{what} can't be written as JSON: {error}").into(),
    })
}

/// A document of a JSON column.
pub(crate) fn json<T: DeserializeOwned>(
    row: Row<'_>,
    index: usize,
    expected: &'static str,
) -> Result<T> {
    serde_json::from_str(row.text(index)?).map_err(|_| StoreError::Column { index, expected })
}

/// A document of a JSON column that may be empty.
pub(crate) fn optional_json<T: DeserializeOwned>(
    row: Row<'_>,
    index: usize,
    expected: &'static str,
) -> Result<Option<T>> {
    row.optional_text(index)?
        .map(|text| serde_json::from_str(text).map_err(|_| StoreError::Column { index, expected }))
        .transpose()
}

/// A text with a parser of its own.
pub(crate) fn parsed<T: FromStr>(row: Row<'_>, index: usize, expected: &'static str) -> Result<T> {
    row.text(index)?
        .parse()
        .map_err(|_| StoreError::Column { index, expected })
}

/// A name.
pub(crate) fn name(row: Row<'_>, index: usize) -> Result<Name> {
    parsed(row, index, "a name")
}

/// Labels.
pub(crate) fn labels(row: Row<'_>, index: usize) -> Result<Labels> {
    json(row, index, "labels")
}

/// An actor in two columns.
pub(crate) fn actor(row: Row<'_>, kind: usize, id: usize) -> Result<Actor> {
    let expected = "an actor";
    Actor::from_parts(row.text(kind)?, row.optional_uuid(id)?).ok_or(StoreError::Column {
        index: kind,
        expected,
    })
}

/// `?1, ?2 ...`: as many numbered parameters.
pub(crate) fn placeholders(count: usize) -> String {
    let mut text = String::with_capacity(count * 6);
    for number in 1..=count {
        text.push_str(if number == 1 { "?" } else { ", ?" });
        text.push_str(&number.to_string());
    }
    text
}
