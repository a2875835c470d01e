//! The arguments: which rows, how long.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The rows' names, in the order in which they run.
pub(crate) const NAMES: [&str; 8] = [
    "read", "write", "ask", "latency", "memory", "start", "verify", "postgres",
];

/// How to measure.
#[derive(Debug)]
pub(crate) struct Options {
    /// The names that were asked for; empty for all.
    names: Vec<String>,
    /// How often each thing is measured; the median counts.
    pub(crate) rounds: usize,
    /// How long one round takes.
    pub(crate) round: Duration,
    /// Kept connections of the load generator.
    pub(crate) connections: usize,
    /// Entries in the ledger of the rows `start` and `verify`.
    pub(crate) entries: u64,
    /// Where data directories are made: below cargo's target folder, so on a disk and not in memory.
    pub(crate) folder: PathBuf,
}

impl Options {
    /// Reads `[ROW]... [--rounds=N] [--seconds=N] [--connections=N] [--entries=N]`.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            names: Vec::new(),
            rounds: 5,
            round: Duration::from_secs(2),
            connections: 32,
            entries: 100_000,
            folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        };
        for argument in arguments {
            match argument.split_once('=') {
                Some(("--rounds", value)) => options.rounds = number(&argument, value)?,
                Some(("--seconds", value)) => {
                    options.round = Duration::from_secs(number(&argument, value)?);
                }
                Some(("--connections", value)) => options.connections = number(&argument, value)?,
                Some(("--entries", value)) => options.entries = number(&argument, value)?,
                // `--bench` comes from cargo, `--` from `make bench ARGS='-- read'`.
                None if argument == "--bench" || argument == "--" => {}
                None if NAMES.contains(&argument.as_str()) => options.names.push(argument),
                _ => bail!(
                    "`{argument}` is no row: give some of {}; or --rounds=N, --seconds=N, --connections=N, --entries=N",
                    NAMES.join(", ")
                ),
            }
        }
        Ok(options)
    }

    /// Whether the row was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

fn number<N: std::str::FromStr<Err = std::num::ParseIntError> + PartialOrd + From<u8>>(
    argument: &str,
    value: &str,
) -> Result<N> {
    let number: N = value
        .parse()
        .with_context(|| format!("`{argument}` has no number"))?;
    if number < N::from(1) {
        bail!("`{argument}`: at least 1");
    }
    Ok(number)
}
