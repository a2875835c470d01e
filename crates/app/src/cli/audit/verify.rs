//! `countersign audit verify`: asks the gateway, or checks an export with nothing but this program.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_vault::audit::{CheckpointKey, Report, Signatures, Verifier, verify_export};
use serde_json::{Value, json};

use super::super::cx::Cx;
use super::super::shown::{fields, only};
use crate::failure::{Failure, Result};

/// What to verify.
#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// An export, instead of the gateway's ledger
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere, a file of signed notes: show that the end was cut off, or an older copy put in place
    #[arg(long, value_name = "PATH", requires = "file")]
    checkpoint: Vec<PathBuf>,
    /// The checkpoint key from a trusted place, instead of the one that the export names
    #[arg(long, value_name = "KEY", requires = "file")]
    key: Option<String>,
}

impl Verify {
    pub(in crate::cli) async fn run(self, cx: &Cx) -> Result<()> {
        let report = match &self.file {
            Some(path) => self.offline(cx, path)?,
            None => cx.api()?.get("/api/v1/audit/verify").await?,
        };
        let is_valid = report.get("valid") == Some(&Value::Bool(true));
        cx.output.result(
            &only(
                &report,
                &["valid", "entries", "first_bad", "reason", "checkpoint"],
            ),
            |output| {
                output.table(&fields(&report));
                output.line(if is_valid {
                    "the ledger is as it was written"
                } else {
                    "the ledger is NOT as it was written"
                });
            },
        );
        if is_valid {
            Ok(())
        } else {
            Err(Failure::refused_silently())
        }
    }

    fn offline(&self, cx: &Cx, path: &Path) -> Result<Value> {
        let mut verifier = Verifier::new();
        if let Some(key) = &self.key {
            verifier = verifier.with_key(
                key.parse::<CheckpointKey>()
                    .map_err(|error| Failure::usage(format!("--key: {error}")))?,
            );
        }
        for file in &self.checkpoint {
            let text = fs::read_to_string(file).map_err(|error| {
                Failure::usage(format!("{} can't be read: {error}", file.display()))
            })?;
            let notes = notes(&text);
            if notes.is_empty() {
                return Err(
                    Failure::usage(format!("{} holds no checkpoint", file.display())).next(
                        "give the file checkpoints.txt of the data directory, or a signed note",
                    ),
                );
            }
            for note in notes {
                verifier = verifier.with_checkpoint(&note);
            }
        }
        let input = File::open(path).map_err(|error| {
            Failure::usage(format!("{} can't be read: {error}", path.display()))
        })?;
        let report = verify_export(BufReader::with_capacity(1 << 20, input), verifier)
            .map_err(|error| Failure::usage(crate::failure::chain(&error)))?;
        if report.signatures != Signatures::Trusted {
            cx.output.note("the signatures were checked with the key that the export itself names: give --key or --checkpoint from a trusted place to be sure");
        }
        Ok(document(&report))
    }
}

/// The report in the contract's form, and what else is known.
fn document(report: &Report) -> Value {
    json!({
        "valid": report.valid,
        "entries": report.entries,
        "first_bad": report.first_bad,
        "reason": report.reason.as_ref().map(ToString::to_string),
        "checkpoint": report.checkpoint,
        "pruned": report.pruned,
        "uncompared": report.uncompared,
        "signatures": report.signatures,
    })
}

/// The signed notes in a text: each is a body, an empty line, signature lines, and ends at an empty line or the next body.
fn notes(text: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let mut in_signatures = true;
    for line in text.lines() {
        let is_signature = line.starts_with("— ");
        if in_signatures && !is_signature {
            if line.is_empty() {
                continue;
            }
            notes.push(String::new());
            in_signatures = false;
        }
        in_signatures |= is_signature;
        if let Some(note) = notes.last_mut() {
            note.push_str(line);
            note.push('\n');
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::notes;

    #[test]
    fn notes_are_told_apart_with_and_without_lines_between_them() {
        let first = "o\n1\nr\n\n— o sig\n";
        let second = "o\n2\nr\n\n— o sig\n— witness sig\n";
        for between in ["", "\n", "\n\n"] {
            assert_eq!(
                notes(&format!("{first}{between}{second}")),
                [first, second],
                "{between:?}"
            );
        }
        assert!(notes("").is_empty());
        assert!(notes("\n\n").is_empty());
    }
}
