//! `countersign scan redact`: a text without its secrets.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::input::{Input, file_or_stdin};
use super::outcome;
use super::scanners::Rules;
use crate::failure::Result;
use crate::output::Output;

/// What to redact.
#[derive(Debug, Args)]
pub(in crate::cli) struct Redact {
    /// The file; `-` or nothing: standard input
    file: Option<PathBuf>,
    #[command(flatten)]
    rules: Rules,
}

impl Redact {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let scanner = self.rules.scanner()?;
        let bytes = file_or_stdin(self.file.as_deref())?;
        let redacted = scanner.redact_bytes(&bytes);
        if output.is_json() {
            let redacted = String::from_utf8_lossy(&redacted).into_owned();
            let found = scanner.scan(&bytes);
            let input = Input::of(bytes.clone());
            output.json_line(&json!({
                "text": redacted,
                "secrets": outcome::secrets(&input.text, &found),
                "invalid_utf8_bytes": input.invalid_bytes,
            }));
            return Ok(());
        }
        if io::stdout().is_terminal() {
            // A terminal obeys control characters: there they are written out.
            for line in String::from_utf8_lossy(&redacted).lines() {
                output.line(line);
            }
            return Ok(());
        }
        output.bytes(&redacted);
        Ok(())
    }
}
