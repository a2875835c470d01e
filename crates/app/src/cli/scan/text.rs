//! `countersign scan text`.

use std::ffi::OsString;

use clap::Args;
use serde_json::Value;

use super::input::{Input, argument_or_stdin};
use super::outcome::Outcome;
use super::scanners::{self, Origin, Rules};
use crate::failure::Result;
use crate::output::Output;

/// What to scan.
#[derive(Debug, Args)]
pub(in crate::cli) struct Text {
    /// The text; `-` or nothing: standard input, which no process list shows
    #[arg(value_name = "TEXT")]
    content: Option<OsString>,
    #[command(flatten)]
    origin: Origin,
    #[command(flatten)]
    rules: Rules,
}

impl Text {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let secrets = self.rules.scanner()?;
        let threats = scanners::threats()?;
        let input = Input::of(argument_or_stdin(self.content.as_deref())?);
        let outcome = Outcome::of(input, self.origin.channel, &threats, &secrets);
        if output.is_json() {
            output.json_line(&Value::Object(outcome.to_json()));
        } else {
            outcome.show(output, None);
        }
        Ok(())
    }
}
