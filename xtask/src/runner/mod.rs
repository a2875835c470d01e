//! `cargo xtask test`: every check and every test of the workspace, and one line that sums them up.
//!
//! Invariant: the last line on stdout is `N passed, N failed, N skipped`, and the exit code is 0 only if nothing failed.
//! A check (lint, format, clippy, the page's check and build) counts as one; the page's tests count by their runners' reports. A test that left itself out for want of a service counts as skipped.

mod doctests;
mod skipped;
mod steps;
mod stream;
mod tally;
mod web;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::environment::Environment;
use crate::output;
use steps::Scope;
use tally::Tally;

/// What `cargo xtask test` runs.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArguments {
    /// Only this crate (`gate` or `countersign-gate`) and the end-to-end tests; no checks
    #[arg(long, value_name = "CRATE", conflicts_with = "faults")]
    package: Option<String>,
    /// Only the fault tests, with ten times the rounds
    #[arg(long)]
    faults: bool,
}

/// Runs checks and tests. True if nothing failed.
pub(crate) fn test(arguments: &TestArguments) -> Result<bool> {
    let started = Instant::now();
    let environment = Environment::detect();
    let target = target_folder(&environment)?;
    let skipped_log = target.join("skipped-tests");
    let summary = target.join("test-summary");
    remove(&skipped_log)?;
    remove(&summary)?;

    let scope = Scope::of(arguments.package.as_deref(), arguments.faults);
    let mut total = Tally::default();
    if scope == Scope::Everything {
        total += steps::install(&environment)?;
        // What `install` brought may change how we build.
        let environment = Environment::detect();
        let root = std::env::current_dir().context("there is no current folder")?;
        let page = web::Page::prepare(&root)?;
        total += page.before(&environment, &target)?;
        total += checks(&environment);
        total += steps::tests(&environment, &scope, &skipped_log)?;
        total += steps::documentation_tests(&environment)?;
        total += page.after(&environment, &root, &target)?;
    } else {
        total += steps::tests(&environment, &scope, &skipped_log)?;
    }

    let left_out = skipped::read(&skipped_log)?;
    total = total.moving_to_skipped(left_out.len() as u64);
    output::heading(&format!("done in {} s", started.elapsed().as_secs()));
    for line in skipped::report(&left_out) {
        output::say(&line);
    }
    fs::write(&summary, format!("{total}\n"))
        .with_context(|| format!("{} can't be written", summary.display()))?;
    output::say(&total.to_string());
    Ok(total.is_clean())
}

/// Runs the checks alone. True if nothing failed.
#[expect(clippy::unnecessary_wraps, reason = "every task has the same type")]
pub(crate) fn check() -> Result<bool> {
    let total = checks(&Environment::detect());
    output::say(&total.to_string());
    Ok(total.is_clean())
}

fn checks(environment: &Environment) -> Tally {
    let mut total = steps::lint();
    total += steps::format(environment);
    total += steps::clippy(environment);
    total
}

/// The target folder of the workspace, which cargo knows.
fn target_folder(environment: &Environment) -> Result<PathBuf> {
    let mut options = vec!["--no-deps".to_owned()];
    options.extend(
        environment
            .lock_arguments()
            .iter()
            .map(|&option| option.to_owned()),
    );
    let metadata = cargo_metadata::MetadataCommand::new()
        .other_options(options)
        .exec()
        .context("cargo metadata could not describe the workspace")?;
    let target = metadata.target_directory.into_std_path_buf();
    fs::create_dir_all(&target).with_context(|| format!("{} can't be made", target.display()))?;
    Ok(target)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be removed", path.display()))
        }
        _ => Ok(()),
    }
}
