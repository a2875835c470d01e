//! `make bench`: what the gateway does per second and per request, measured from outside on the binary that ships.
//!
//! Everything is on (key, grants, rules, audit, masking), over real TCP. The load generator and the upstream share one core and
//! the gateway has the other, so that nobody measures the generator; only the PostgreSQL row gives both cores to all. An answer
//! that is not the expected one, to the byte, fails the row with what came: a gateway that refuses quickly is not fast. It prints,
//! never judges: a slow machine is no failed test. See `docs/benchmarks.md`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its numbers and its progress"
)]

mod calls;
mod gateway;
mod home;
mod http;
mod load;
mod machine;
mod options;
mod pin;
mod report;
mod rows;
mod samples;
mod scene;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::options::Options;
use crate::report::Report;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the benchmark can't run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every row that was asked for; true if all of them could be measured.
fn run(options: &Options) -> Result<bool> {
    let machine = Machine::look()?;
    let mut report = Report::new(machine);
    rows::run(options, &mut report);
    let file = options
        .folder
        .parent()
        .unwrap_or(&options.folder)
        .join("bench.json");
    std::fs::write(&file, report.json())
        .with_context(|| format!("{} can't be written", file.display()))?;
    println!("{}", report.table());
    eprintln!("the same is in {}", file.display());
    Ok(report.is_complete())
}
