//! `countersign scan eval`: recall, false positives and latency on a user's own rows.
//!
//! Invariants: nothing is printed or written before the whole corpus was read and found right; rows are scanned one after the
//! other on one thread, so that their times are honest; a text is held once.

mod corpus;
mod measure;
mod report;
mod results;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::outcome::decimal;
use super::scanners;
use crate::failure::Result;
use crate::output::Output;

/// What to measure on.
#[derive(Debug, Args)]
pub(in crate::cli) struct Eval {
    /// The rows (`-`: standard input), a JSON object a line: `id`, `text`, and `label` (attack or benign) or `expect` (true or false, for secrets);
    /// `category`, `channel`, `tier`, `source_repo` and `rule` are used, other fields are allowed
    #[arg(value_name = "CORPUS.jsonl")]
    corpus: PathBuf,
    /// A row is flagged from this score on, 0 to 1 [default: the shipped threshold of `warn`]
    #[arg(long, value_name = "T", value_parser = threshold, allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Write a result per row (`id`, `flagged`, `score`, `category`, `ms`); replaces the file as a whole
    #[arg(long, value_name = "RESULTS.jsonl")]
    out: Option<PathBuf>,
}

fn threshold(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| format!("`{text}` is no threshold: give a number from 0 to 1"))
}

impl Eval {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let mut corpus = corpus::Corpus::read(&self.corpus)?;
        if let Some(out) = &self.out {
            results::check(out, &self.corpus)?;
        }
        let threats = scanners::threats()?;
        let secrets = scanners::secrets()?;
        // Channels have the same shipped thresholds.
        let shipped = threats.thresholds(countersign_scan::threat::Channel::User);
        let threshold = self.threshold.unwrap_or_else(|| decimal(shipped.warn));
        let measured = measure::measure(&mut corpus, &threats, &secrets, threshold, output);
        if let Some(out) = &self.out {
            results::write(out, &corpus, &measured)?;
        }
        let sections = report::Sections::of(&corpus, &measured, shipped.warn);
        if output.is_json() {
            let mut value = sections.to_json();
            for (name, field) in [
                ("corpus", json!(self.corpus.display().to_string())),
                ("rows", json!(corpus.len())),
                ("threshold", json!(threshold)),
                (
                    "out",
                    json!(self.out.map(|path| path.display().to_string())),
                ),
            ] {
                value.insert(name.to_owned(), field);
            }
            output.json_line(&value.into());
            return Ok(());
        }
        output.line(format!(
            "{}: {} rows, flagged from {threshold} on (shipped: warn {}, block {})",
            self.corpus.display(),
            corpus.len(),
            shipped.warn,
            shipped.block
        ));
        sections.show(output);
        if let Some(out) = &self.out {
            output.line("");
            output.line(format!("the results of all rows are in {}", out.display()));
        }
        Ok(())
    }
}
