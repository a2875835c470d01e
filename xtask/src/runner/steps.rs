//! The steps of a run. Each prints a heading and returns its tally; a step that fails does not stop the next.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::tally::Tally;
use super::{doctests, skipped, stream};
use crate::environment::{Environment, program};
use crate::{lint as rules, output};

/// Fault rounds of `make faults`; the tests' own default is for `make test`.
const FAULT_ROUNDS: &str = "200";

/// What to test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// The whole workspace, with all checks.
    Everything,
    /// One crate, and the end-to-end tests but for the faults.
    Crate(String),
    /// The fault tests alone, many rounds.
    Faults,
}

impl Scope {
    /// The scope that the arguments name.
    pub(super) fn of(package: Option<&str>, are_faults: bool) -> Self {
        match package {
            Some(name) if name.starts_with("countersign-") || name == "xtask" => {
                Self::Crate(name.to_owned())
            }
            Some(name) => Self::Crate(format!("countersign-{name}")),
            None if are_faults => Self::Faults,
            None => Self::Everything,
        }
    }

    /// The arguments of nextest that choose the tests.
    pub(super) fn nextest_arguments(&self) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Everything => vec!["--workspace"],
            Self::Faults => vec!["--workspace", "--profile", "faults"],
            Self::Crate(name) => {
                let filter = format!(
                    "package({name}) | (package(countersign-app) & kind(test) & not test(/(^|::)faults(::|$)/))"
                );
                return [
                    "--package",
                    name,
                    "--package",
                    "countersign-app",
                    "--filterset",
                    &filter,
                ]
                .map(str::to_owned)
                .to_vec();
            }
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// The arguments of `cargo test` that choose the tests, where nextest is missing.
    pub(super) fn libtest_arguments(&self) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Everything => vec!["--workspace", "--lib", "--bins", "--tests"],
            Self::Faults => vec!["--workspace", "--tests", "faults::"],
            Self::Crate(name) => vec![
                "--package",
                name,
                "--package",
                "countersign-app",
                "--tests",
                "--",
                "--skip",
                "faults::",
            ],
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

/// Installs what the tests need. In continuous integration a failure counts; elsewhere the tests that lack a service say so.
pub(super) fn install(environment: &Environment) -> Result<Tally> {
    output::heading("services for the tests (scripts/install-test-deps)");
    let outcome = stream::run(program("scripts/install-test-deps"))?;
    if environment.is_ci {
        Ok(Tally::one(outcome.has_succeeded))
    } else {
        Ok(Tally::default())
    }
}

/// The rules of `cargo xtask lint`.
pub(super) fn lint() -> Tally {
    output::heading("cargo xtask lint");
    match rules::run() {
        Ok(is_clean) => Tally::one(is_clean),
        Err(error) => {
            output::warn(&format!("error: {error:#}"));
            Tally::one(false)
        }
    }
}

/// The formatting of every crate.
pub(super) fn format(environment: &Environment) -> Tally {
    check(
        "cargo fmt --check (`make fmt` mends it)",
        environment.cargo(&["fmt", "--all", "--check"]),
    )
}

/// Clippy over everything, warnings are errors.
pub(super) fn clippy(environment: &Environment) -> Tally {
    let mut cargo = environment.cargo(&["clippy", "--workspace", "--all-targets"]);
    cargo
        .args(environment.lock_arguments())
        .args(["--", "-D", "warnings"]);
    check("cargo clippy", cargo)
}

fn check(name: &str, command: Command) -> Tally {
    output::heading(name);
    match stream::run(command) {
        Ok(outcome) => Tally::one(outcome.has_succeeded),
        Err(error) => {
            output::warn(&format!("error: {error:#}"));
            Tally::one(false)
        }
    }
}

/// The tests, by nextest, or by `cargo test` where that is missing.
pub(super) fn tests(environment: &Environment, scope: &Scope, skipped_log: &Path) -> Result<Tally> {
    let has_nextest = environment
        .cargo(&["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    let (name, arguments): (&str, &[&str]) = if has_nextest {
        ("cargo nextest run", &["nextest", "run"])
    } else {
        ("cargo test (cargo-nextest is missing)", &["test"])
    };
    output::heading(name);
    let mut cargo = environment.cargo(arguments);
    cargo
        .args(environment.lock_arguments())
        .arg("--no-fail-fast")
        .env(skipped::VARIABLE, skipped_log);
    if *scope == Scope::Faults {
        cargo.env("COUNTERSIGN_FAULT_ROUNDS", FAULT_ROUNDS);
    }
    cargo.args(if has_nextest {
        scope.nextest_arguments()
    } else {
        scope.libtest_arguments()
    });
    let outcome = stream::run(cargo)?;
    let lines = outcome.lines.iter().map(String::as_str);
    let tally = if has_nextest {
        Tally::of_nextest(lines)
    } else {
        Tally::of_libtest(lines)
    };
    Ok(tally.with_exit(outcome.has_succeeded))
}

/// The code in doc comments, if there is any. Of the whole workspace: a choice of crates has other features, and would build
/// its dependencies once more.
pub(super) fn documentation_tests(environment: &Environment) -> Result<Tally> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .no_deps()
        .exec()
        .context("cargo metadata could not describe the workspace")?;
    let mut is_there = false;
    for package in metadata.workspace_packages() {
        let has_library = package.targets.iter().any(cargo_metadata::Target::is_lib);
        let Some(folder) = package.manifest_path.parent() else {
            continue;
        };
        is_there |= has_library && doctests::are_in(&folder.as_std_path().join("src"))?;
    }
    if !is_there {
        return Ok(Tally::default());
    }
    output::heading("cargo test --doc");
    let mut cargo = environment.cargo(&["test", "--doc", "--workspace", "--no-fail-fast"]);
    cargo.args(environment.lock_arguments());
    let outcome = stream::run(cargo)?;
    Ok(
        Tally::of_libtest(outcome.lines.iter().map(String::as_str))
            .with_exit(outcome.has_succeeded),
    )
}
