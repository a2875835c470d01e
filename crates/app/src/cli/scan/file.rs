//! `countersign scan file`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::input::{self, Input};
use super::outcome::Outcome;
use super::scanners::{self, Origin, Rules};
use crate::failure::{Failure, Result};
use crate::output::Output;

/// What to scan.
#[derive(Debug, Args)]
pub(in crate::cli) struct File {
    /// The files; `-`: standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    origin: Origin,
    #[command(flatten)]
    rules: Rules,
}

impl File {
    /// Scans every file that can be read; if one can't, the exit code says so in the end.
    pub(super) fn run(self, output: Output) -> Result<()> {
        let secrets = self.rules.scanner()?;
        let threats = scanners::threats()?;
        let mut items: Vec<Value> = Vec::new();
        let mut failures: Vec<String> = Vec::new();
        for path in &self.paths {
            let name = path.display().to_string();
            let bytes = if name == "-" {
                input::file_or_stdin(Some(path)).map_err(|failure| failure.message)
            } else {
                input::file(path)
            };
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(why) => {
                    if output.is_json() {
                        items.push(json!({ "path": name, "error": why }));
                    } else {
                        output.failure(&Failure::usage(&why));
                    }
                    failures.push(why);
                    continue;
                }
            };
            let outcome = Outcome::of(Input::of(bytes), self.origin.channel, &threats, &secrets);
            if output.is_json() {
                let mut item = Map::from_iter([("path".to_owned(), json!(name))]);
                item.extend(outcome.to_json());
                items.push(item.into());
            } else {
                outcome.show(output, Some(&name));
            }
        }
        if output.is_json() {
            output.json_line(&json!({ "items": items }));
        }
        let Some(first) = failures.first() else {
            return Ok(());
        };
        let failure = Failure::usage(format!(
            "{} of {} files were not scanned: {first}",
            failures.len(),
            self.paths.len()
        ));
        Err(Failure {
            // People were told file by file.
            is_silent: !output.is_json(),
            ..failure
        })
    }
}
