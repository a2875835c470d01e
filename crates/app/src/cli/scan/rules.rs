//! `countersign scan rules`: the secret rules of one's own that the gateway looks at text with.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::cx::Cx;
use super::super::shown::cell;
use super::scanners::rule_file;
use crate::failure::{Failure, Result};
use crate::output::{Output, Table};

const PATH: &str = "/api/v1/scan/rules";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Rules {
    /// Put a rule file in force, in place of the one before; one with an error is refused whole
    Set(Set),
    /// Show the rules that are in force
    Show(Show),
    /// Go back to the built-in rules alone
    Clear,
}

/// Which rules.
#[derive(Debug, Args)]
pub(in crate::cli) struct Set {
    /// The rules, as `scan text --rules` takes them
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// In which form.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Write the file itself, as it was set, to a new file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Rules {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Set(set) => set.run(cx).await,
            Self::Show(show) => show.run(cx).await,
            Self::Clear => clear(cx).await,
        }
    }
}

impl Set {
    async fn run(self, cx: &Cx) -> Result<()> {
        let text = rule_file(&self.file)?;
        let rules = cx
            .api()?
            .put(PATH, &json!({ "file": text }))
            .await
            .map_err(|mut failure| {
                if failure.code == "invalid_input" {
                    failure.message = format!("{}: {}", self.file.display(), failure.message);
                }
                failure
            })?;
        cx.output.result(&rules, |output| print(output, &rules));
        Ok(())
    }
}

impl Show {
    async fn run(self, cx: &Cx) -> Result<()> {
        let rules = cx.api()?.get(PATH).await?;
        if let Some(path) = &self.out {
            let text = rules["file"].as_str().ok_or_else(nothing)?;
            write(path, text)?;
        }
        cx.output.result(&rules, |output| print(output, &rules));
        Ok(())
    }
}

async fn clear(cx: &Cx) -> Result<()> {
    cx.api()?.delete(PATH).await?;
    cx.output.result(&json!({ "cleared": true }), |output| {
        output.line("the built-in rules alone are in force");
    });
    Ok(())
}

fn nothing() -> Failure {
    Failure::state(
        "not_found",
        "there is no rule file: the built-in rules alone are in force",
    )
    .next("set one with `countersign scan rules set FILE`")
}

fn write(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))
}

fn print(output: Output, rules: &Value) {
    if rules["file"].is_null() {
        output.line("there are no rules of your own: the built-in rules alone are in force");
        return;
    }
    if let Some(problem) = rules["problem"].as_str() {
        output.warn(format!("the rules are not in force: {problem}"));
    }
    let mut table = Table::new(&["RULE", "KIND"]);
    for rule in rules["rules"].as_array().into_iter().flatten() {
        table.row([cell(&rule["id"]), cell(&rule["kind"])]);
    }
    output.table(&table);
    output.line(format!(
        "set {} by {}, sha256 {}",
        cell(&rules["changed_at"]),
        cell(&rules["changed_by"]),
        cell(&rules["digest"])
    ));
}
