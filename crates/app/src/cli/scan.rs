//! `countersign scan`: the scanner at the command line, on a user's own texts.
//!
//! It needs no gateway, no data directory and no configuration. What it says is a measurement, not a decision: the exit code is 0
//! whatever was found.

mod eval;
mod excerpt;
mod file;
mod input;
mod outcome;
mod redact;
mod scanners;
mod text;

use clap::Subcommand;

use super::cx::Cx;
use crate::failure::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Scan {
    /// Scan a text for threats and secrets
    Text(text::Text),
    /// Scan files, each as a text of its own
    File(file::File),
    /// Print a text with its secrets redacted
    Redact(redact::Redact),
    /// Measure the scanner on labelled rows
    Eval(eval::Eval),
}

impl Scan {
    pub(super) fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Text(text) => text.run(cx.output),
            Self::File(file) => file.run(cx.output),
            Self::Redact(redact) => redact.run(cx.output),
            Self::Eval(eval) => eval.run(cx.output),
        }
    }
}
