//! The binary `countersign`: command line, start-up values, and the only place that knows every concrete type.
//!
//! What it never does: decide. Commands are clients of the running gateway; those that work without one (`onboard`, `gateway`, `demo`,
//! `migrate`, `vault rekey`, `audit verify --file`, `doctor`, `net check`, `scan`, `config`, `completions`) hold the data directory's lock where
//! they write.
//!
//! Invariants: only [`output`] prints; a secret never comes from the argument list; exit codes are those of [`failure::Exit`].

mod cli;
mod client;
mod config;
mod demo;
mod doctor;
mod failure;
mod gateway;
mod output;
mod passphrase;
mod prompt;
mod run_file;
mod telemetry;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(config::Env::process())
}
