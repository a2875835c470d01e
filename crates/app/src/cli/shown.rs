//! Showing what the API answered: lists as tables, things as lines.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::client::Api;
use crate::failure::Result;
use crate::output::{Output, Table};

/// A column: its heading and the places to look for the value, the first that is there counts.
pub(super) type Column = (&'static str, &'static [&'static str]);

/// A list: a table for people, `{"items":[...]}` for programs.
pub(super) fn list(output: Output, items: &[Value], columns: &[Column], empty: &str) {
    let table = table(items, columns);
    output.result(&json!({ "items": items }), |output| {
        if table.is_empty() {
            output.line(empty);
        } else {
            output.table(&table);
        }
    });
}

/// A table of these values.
pub(super) fn table(items: &[Value], columns: &[Column]) -> Table {
    let headings: Vec<&'static str> = columns.iter().map(|(heading, _)| *heading).collect();
    let mut table = Table::new(&headings);
    for item in items {
        table.row(columns.iter().map(|(_, places)| {
            places
                .iter()
                .find_map(|place| item.pointer(place).filter(|value| !value.is_null()))
                .map_or_else(|| "-".to_owned(), cell)
        }));
    }
    table
}

/// One thing: a line per field for people, the object for programs.
pub(super) fn thing(output: Output, value: &Value) {
    output.result(value, |output| output.table(&fields(value)));
}

/// A line per field.
pub(super) fn fields(value: &Value) -> Table {
    let mut table = Table::new(&["FIELD", "VALUE"]);
    if let Value::Object(fields) = value {
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            table.row([name.clone(), cell(value)]);
        }
    }
    table
}

/// A line per field, what is nested by its whole name.
pub(super) fn flat_fields(value: &Value) -> Table {
    let mut table = Table::new(&["FIELD", "VALUE"]);
    add_fields(&mut table, "", value);
    table
}

fn add_fields(table: &mut Table, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            let joint = if name.is_empty() { "" } else { "." };
            for (field, value) in fields {
                add_fields(table, &format!("{name}{joint}{field}"), value);
            }
        }
        other => table.row([name.to_owned(), cell(other)]),
    }
}

/// A value in a cell.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => short_time(text).unwrap_or_else(|| text.clone()),
        Value::Array(items)
            if items
                .iter()
                .all(|item| !item.is_object() && !item.is_array()) =>
        {
            items.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) if fields.is_empty() => "-".to_owned(),
        Value::Object(fields) if fields.values().all(Value::is_string) => fields
            .iter()
            .map(|(name, value)| format!("{name}={}", cell(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

/// A timestamp to the second: `2026-11-20T09:30:00.123456Z` is `2026-11-20 09:30:00Z` to people.
fn short_time(text: &str) -> Option<String> {
    let is_time = text.len() == 27
        && text.ends_with('Z')
        && text.as_bytes().get(10) == Some(&b'T')
        && text.as_bytes().get(19) == Some(&b'.');
    let (date, time) = text.split_at_checked(10).filter(|_| is_time)?;
    Some(format!("{date} {}Z", time.get(1..9)?))
}

/// A text of a field, or nothing.
pub(super) fn text<'value>(value: &'value Value, place: &str) -> &'value str {
    value
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The named fields of an object, in this order: what scripts rely on.
pub(super) fn only(value: &Value, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                value.get(*name).cloned().unwrap_or(Value::Null),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A path with a query of what is given.
pub(super) fn query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    parameters
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| (name, value)))
        .fold(path.to_owned(), |path, (name, value)| {
            let joint = if path.contains('?') { '&' } else { '?' };
            format!("{path}{joint}{name}={}", crate::client::encode(value))
        })
}

/// Puts names in the place of ids, for people: each field with the list that its ids are from.
pub(super) async fn name(api: &Api, items: &mut [Value], fields: &[(&str, &str)]) -> Result<()> {
    for (field, list) in fields {
        let known: HashMap<String, Value> = api
            .list(list, usize::MAX)
            .await?
            .iter()
            .filter_map(|item| {
                Some((
                    item.get("id")?.as_str()?.to_owned(),
                    item.get("name")?.clone(),
                ))
            })
            .collect();
        for item in items.iter_mut() {
            let named = item
                .get(*field)
                .and_then(Value::as_str)
                .and_then(|id| known.get(id))
                .cloned();
            if let Some(named) = named {
                item[*field] = named;
            }
        }
    }
    Ok(())
}
