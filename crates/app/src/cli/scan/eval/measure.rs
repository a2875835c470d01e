//! Scanning every row and timing it.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use countersign_scan::SecretScanner;
use countersign_scan::evaluate::CaseResult;
use countersign_scan::threat::Scanner;

use super::super::outcome::{category, decimal};
use super::corpus::{Corpus, Kind};
use crate::output::Output;

/// How often a person is told how far it is.
const EVERY: Duration = Duration::from_secs(3);

/// What was said of a row for secrets.
#[derive(Debug)]
pub(super) struct SecretResult {
    /// The rule of the surest finding.
    pub(super) rule: Option<String>,
    pub(super) ms: f64,
}

/// The results, in the order of the corpus's lists.
#[derive(Debug)]
pub(super) struct Measured {
    /// Without ids, which the corpus has.
    pub(super) threats: Vec<CaseResult>,
    /// Of those, whether the scanner found anything to name a category by.
    pub(super) named: Vec<bool>,
    pub(super) secrets: Vec<SecretResult>,
}

/// Scans every row, one after the other. A text is given up when it was scanned.
pub(super) fn measure(
    corpus: &mut Corpus,
    threats: &Scanner,
    secrets: &SecretScanner,
    threshold: f64,
    output: Output,
) -> Measured {
    let mut progress = Progress::new(corpus.len(), output);
    let mut measured = Measured {
        threats: Vec::with_capacity(corpus.threats.len()),
        named: Vec::with_capacity(corpus.threats.len()),
        secrets: Vec::with_capacity(corpus.secrets.len()),
    };
    let mut threat_rows = corpus.threats.iter_mut();
    let mut secret_rows = corpus.secrets.iter_mut();
    for (_, kind) in &corpus.order {
        match kind {
            Kind::Threat => {
                let Some(row) = threat_rows.next() else {
                    continue;
                };
                let text = std::mem::take(&mut row.text);
                let start = Instant::now();
                let finding = threats.scan(&text, row.channel);
                let ms = milliseconds(start.elapsed());
                measured.named.push(category(&finding).is_some());
                measured.threats.push(CaseResult {
                    id: String::new(),
                    flagged: decimal(finding.score) >= threshold,
                    score: finding.score,
                    category: finding.category,
                    ms,
                });
            }
            Kind::Secret => {
                let Some(row) = secret_rows.next() else {
                    continue;
                };
                let text = std::mem::take(&mut row.text);
                let start = Instant::now();
                let found = secrets.scan(text.as_bytes());
                let ms = milliseconds(start.elapsed());
                // The first of the surest.
                let surest = found.iter().rev().max_by_key(|secret| secret.confidence);
                measured.secrets.push(SecretResult {
                    rule: surest.map(|secret| secret.rule.to_owned()),
                    ms,
                });
            }
        }
        progress.step();
    }
    measured
}

/// To a tenth of a microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e7).round() / 1e4
}

/// Lines on standard error, where a person waits.
struct Progress {
    output: Output,
    is_watched: bool,
    rows: usize,
    done: usize,
    told: Instant,
}

impl Progress {
    fn new(rows: usize, output: Output) -> Self {
        Self {
            output,
            is_watched: io::stderr().is_terminal(),
            rows,
            done: 0,
            told: Instant::now(),
        }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.is_watched && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            self.output
                .note(format!("{} of {} rows", self.done, self.rows));
        }
    }
}
