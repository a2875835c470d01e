//! Tasks of the workspace: `cargo xtask lint` checks what the compiler can't, `cargo xtask test` runs every check and
//! every test and closes with one line that sums them up.
//!
//! It never changes the tree and never reaches the network: what needs either is a script in `scripts/`.

mod environment;
mod lint;
mod output;
mod runner;
mod scan_train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the Countersign workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check crate edges, diallers, licences, bans, sources, lints and test layout
    Lint,
    /// Run every check and every test; the last line is `N passed, N failed, N skipped`
    Test(runner::TestArguments),
    /// Train the scanner's weights and measure them on rows they have not seen
    ScanTrain(scan_train::TrainArguments),
    /// Check formatting, clippy and the architecture, without running a test
    Check,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Lint => lint::run(),
        Task::Test(arguments) => runner::test(&arguments),
        Task::ScanTrain(arguments) => scan_train::run(&arguments),
        Task::Check => runner::check(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            output::warn(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
