//! `countersign settings`: what operators set for the whole gateway. Start-up values are `countersign config`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::cx::Cx;
use super::parse::pair;
use super::shown::cell;
use crate::failure::{Failure, Result};
use crate::output::Table;

const PATH: &str = "/api/v1/settings";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// Show the settings
    Show,
    /// Change settings; what is not named stays
    Set(Set),
}

/// What to change.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// A setting as `show` names it with its new value, such as `session_hours=8` or `sign_in.password=false`; null takes a bound away
    #[arg(value_name = "NAME=VALUE", value_parser = pair, required = true)]
    settings: Vec<(String, String)>,
}

impl Settings {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let settings = match self {
            Self::Show => cx.api()?.get(PATH).await?,
            Self::Set(Set { settings }) => cx.api()?.patch(PATH, &change(&settings)?).await?,
        };
        cx.output
            .result(&settings, |output| output.table(&table(&settings)));
        Ok(())
    }
}

/// The change as the API takes it: a dot in a name stands for an object.
fn change(settings: &[(String, String)]) -> Result<Value> {
    let mut change = Value::Object(Map::new());
    for (name, text) in settings {
        let mut place = &mut change;
        for part in name.split('.') {
            let Value::Object(fields) = place else {
                return Err(twice(name));
            };
            place = fields
                .entry(part)
                .or_insert_with(|| Value::Object(Map::new()));
        }
        if !place.as_object().is_some_and(Map::is_empty) {
            return Err(twice(name));
        }
        // What is no JSON is a word, such as `strict`.
        *place = match serde_json::from_str(text) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
            _ => Value::from(text.as_str()),
        };
    }
    Ok(change)
}

fn twice(name: &str) -> Failure {
    Failure::usage(format!("`{name}` is given twice")).next("name each setting once")
}

/// A line per setting, nested ones by their whole name.
fn table(settings: &Value) -> Table {
    let mut table = Table::new(&["SETTING", "VALUE"]);
    add_rows(&mut table, "", settings);
    table
}

fn add_rows(table: &mut Table, name: &str, value: &Value) {
    let Value::Object(fields) = value else {
        table.row([name.to_owned(), cell(value)]);
        return;
    };
    for (field, value) in fields {
        let joint = if name.is_empty() { "" } else { "." };
        add_rows(table, &format!("{name}{joint}{field}"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::change;
    use serde_json::json;

    fn changed(settings: &[(&str, &str)]) -> Option<serde_json::Value> {
        let owned: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        change(&owned).ok()
    }

    #[test]
    fn names_with_dots_are_objects_and_values_are_what_they_look_like() {
        assert_eq!(
            changed(&[
                ("session_hours", "8"),
                ("sign_in.password", "false"),
                ("sign_in.attempts", "3"),
                ("separation_of_duties", "strict"),
                ("evidence_retention_days", "null"),
            ]),
            Some(json!({
                "session_hours": 8, "sign_in": { "password": false, "attempts": 3 },
                "separation_of_duties": "strict", "evidence_retention_days": null,
            }))
        );
    }

    #[test]
    fn a_setting_is_named_once() {
        assert_eq!(changed(&[("a", "1"), ("a", "2")]), None);
        assert_eq!(changed(&[("a", "1"), ("a.b", "2")]), None);
        assert_eq!(changed(&[("a.b", "1"), ("a", "2")]), None);
    }
}
