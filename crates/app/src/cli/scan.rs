//! `countersign scan`: the scanner at the command line, on a user's own texts.
//!
//! It needs no gateway, no data directory and no configuration. What it says is a measurement, not a decision: the exit code is 0
//! whatever was found. Only `cases`, `wrong` and `rules` are a client of the gateway: they are about its own scanner.

mod cases;
mod eval;
mod excerpt;
mod file;
mod input;
mod outcome;
mod redact;
mod rules;
mod scanners;
mod text;
mod wrong;

use clap::Subcommand;

pub(super) use cases::unwritable;

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
    /// Write the findings that were marked as wrong, with their texts, as JSON Lines that `eval` reads
    Cases(cases::Cases),
    /// Mark a finding of a request as wrong; it changes no decision
    Wrong(wrong::Wrong),
    /// The secret rules of your own that the gateway looks at text with
    #[command(subcommand)]
    Rules(rules::Rules),
}

impl Scan {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Text(text) => text.run(cx.output),
            Self::File(file) => file.run(cx.output),
            Self::Redact(redact) => redact.run(cx.output),
            Self::Eval(eval) => eval.run(cx.output),
            Self::Cases(cases) => cases.run(cx).await,
            Self::Wrong(wrong) => wrong.run(cx).await,
            Self::Rules(rules) => rules.run(cx).await,
        }
    }
}
