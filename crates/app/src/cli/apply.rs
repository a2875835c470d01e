//! `countersign apply`: makes the configuration what a file says, through the ordinary API, so that each change has its check and its
//! entry. Applying twice changes nothing the second time.

mod document;
mod steps;

use std::path::PathBuf;

use clap::Args;
use countersign_gate::{Change, ChangeAction, ConfigDocument, FieldChange, plan};
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::pair;
use crate::failure::{Failure, Result};
use crate::output::Table;

/// What to apply.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The document, JSON5; `-` reads standard input
    #[arg(short, long, value_name = "PATH")]
    file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove what has this label and is not in the document
    #[arg(long, value_name = "LABEL=VALUE", value_parser = pair)]
    prune: Option<(String, String)>,
    /// Set credentials again that are set already: their values can't be compared
    #[arg(long)]
    replace_credentials: bool,
}

impl Apply {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let wanted = document::read(&self.file)?;
        let api = cx.api()?;
        let current: ConfigDocument =
            serde_json::from_value(api.get("/api/v1/configuration").await?).map_err(|error| {
                Failure::unreachable(
                    "unexpected",
                    format!("the gateway's configuration can't be read: {error}"),
                )
                .next("check that the gateway is of the same version")
            })?;
        let mut changes = plan(&current, &wanted, self.prune.as_ref());
        if self.replace_credentials {
            for change in changes
                .iter_mut()
                .filter(|change| change.noun == "credential" && change.action == ChangeAction::Keep)
            {
                change.action = ChangeAction::Update;
            }
        }
        let kept = changes
            .iter()
            .filter(|change| change.action == ChangeAction::Keep)
            .count();
        changes.retain(|change| change.action != ChangeAction::Keep);
        // Before anything is changed: what a document refers to may be missing.
        let secrets = steps::look_up(cx, &wanted, &changes)?;
        if !self.dry_run {
            steps::carry_out(&api, &wanted, &changes, &secrets).await?;
            tell_of_keys(cx, &changes);
        }
        cx.output.result(
            &json!({ "dry_run": self.dry_run, "changes": changes, "kept": kept }),
            |output| {
                if changes.is_empty() {
                    output.line(format!(
                        "nothing to change: {kept} things are as the document says"
                    ));
                    return;
                }
                output.table(&table(&changes));
                let word = if self.dry_run {
                    "would be made"
                } else {
                    "made"
                };
                output.line(format!(
                    "{} changes {word}, {kept} things kept",
                    changes.len()
                ));
            },
        );
        Ok(())
    }
}

/// The key that an agent is made with is shown to nobody here.
fn tell_of_keys(cx: &Cx, changes: &[Change]) {
    let is_new = |change: &&Change| change.noun == "agent" && change.action == ChangeAction::Create;
    for Change { name, .. } in changes.iter().filter(is_new) {
        cx.output.note(format!(
            "agent {name} is new, and nobody has a key of it: make one with `countersign key add {name} --agent {name}`"
        ));
    }
}

fn table(changes: &[Change]) -> Table {
    let mut table = Table::new(&["CHANGE", "WHAT", "NAME", "DIFFERENCE"]);
    for change in changes {
        let action = match change.action {
            ChangeAction::Create => "create",
            ChangeAction::Update => "update",
            ChangeAction::Remove => "remove",
            ChangeAction::Keep => "keep",
        };
        let is_new = change.action == ChangeAction::Create;
        let told = change
            .diff
            .iter()
            .filter(|field| !is_new || !is_empty(&field.after));
        let differences: Vec<String> = told
            .map(|field| {
                let FieldChange {
                    field,
                    before,
                    after,
                } = field;
                if is_new {
                    format!("{field}: {after}")
                } else {
                    format!("{field}: {before} -> {after}")
                }
            })
            .collect();
        table.row([action, &change.noun, &change.name, &differences.join("; ")]);
    }
    table
}

/// What a new thing has without being told.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
