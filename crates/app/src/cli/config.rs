//! `countersign config`: start-up values. What operators edit lives in the store: see `apply` and `export`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::cx::Cx;
use super::shown::cell;
use crate::config::{FILE_NAME, FileSettings, VARIABLES, show};
use crate::failure::Result;
use crate::output::Table;
use crate::passphrase;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check the configuration file and the environment, and start nothing
    Validate,
    /// Show what is in force and where each value comes from; secrets are only said to be set
    Show,
    /// Print the JSON Schema of countersign.json5
    Schema,
    /// List the environment variables
    Env,
}

impl Config {
    pub(super) fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Validate => {
                let settings = cx.settings()?;
                for warning in &settings.warnings {
                    cx.output.warn(warning);
                }
                passphrase::configured(&cx.env, &settings, cx.output)?;
                cx.output.result(
                    &json!({ "valid": true, "file": settings.file, "warnings": settings.warnings }),
                    |output| match &settings.file {
                        Some(file) => output.line(format!("{} is valid", file.display())),
                        None => output
                            .line(format!("there is no {FILE_NAME}; the environment is valid")),
                    },
                );
            }
            Self::Show => {
                let settings = cx.settings()?;
                let rows = show(&settings);
                let values: Map<String, Value> = rows
                    .iter()
                    .map(|(name, value, origin)| {
                        (
                            (*name).to_owned(),
                            json!({ "value": value, "origin": origin }),
                        )
                    })
                    .collect();
                cx.output.result(&values.into(), |output| {
                    let mut table = Table::new(&["KEY", "VALUE", "FROM"]);
                    for (name, value, origin) in &rows {
                        table.row([*name, &cell(value), origin]);
                    }
                    output.table(&table);
                });
            }
            Self::Env => {
                let items: Vec<Value> =
                    VARIABLES.iter().map(|variable| json!({ "name": variable.name, "secret": variable.is_secret, "summary": variable.summary })).collect();
                cx.output.result(&json!({ "items": items }), |output| {
                    let mut table = Table::new(&["VARIABLE", "WHAT"]);
                    for variable in VARIABLES {
                        table.row([variable.name, variable.summary]);
                    }
                    output.table(&table);
                    output.line("Each has a twin with _FILE behind its name, which names a file with the value; the plain one wins.");
                });
            }
            Self::Schema => {
                let schema =
                    serde_json::to_value(schemars::schema_for!(FileSettings)).unwrap_or_default();
                cx.output.result(&schema, |output| {
                    for line in serde_json::to_string_pretty(&schema)
                        .unwrap_or_default()
                        .lines()
                    {
                        output.line(line);
                    }
                });
            }
        }
        Ok(())
    }
}
