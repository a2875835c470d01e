//! `countersign audit verify`: asks the gateway, or checks an export with nothing but this program.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_store::read_notes;
use countersign_vault::audit::{CheckpointKey, Report, Signatures, Verifier, verify_export};
use serde_json::{Value, json};

use super::super::cx::Cx;
use super::super::shown::{flat_fields, only};
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
        let mut names = vec!["valid", "entries", "first_bad", "reason", "checkpoint"];
        if self.file.is_some() {
            // How much the result is worth: nothing checks a file's keyed hashes, and its signatures only with a key.
            names.extend(["pruned", "uncompared", "signatures"]);
        }
        cx.output.result(&only(&report, &names), |output| {
            output.table(&flat_fields(&report));
            output.line(if is_valid {
                "the ledger is as it was written"
            } else {
                "the ledger is NOT as it was written"
            });
        });
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
            // A file that isn't there would count as one without notes.
            File::open(file).map_err(|error| {
                Failure::usage(format!("{} can't be read: {error}", file.display()))
            })?;
            let notes =
                read_notes(file).map_err(|error| Failure::usage(crate::failure::chain(&error)))?;
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
        match report.signatures {
            Signatures::Trusted => {}
            Signatures::SelfDeclared => cx.output.note("the signatures were checked with the key that the export itself names: give --key or --checkpoint from a trusted place to be sure"),
            Signatures::Unchecked => cx.output.note("no signature was checked, because the export names no key and none was given: give --key from a trusted place to be sure"),
        }
        if report.uncompared > 0 {
            cx.output.note(format!("{} checkpoints from elsewhere are for entries that were pruned here and could not be compared", report.uncompared));
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
