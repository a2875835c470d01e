//! Which real services this machine has, and what a test does without one.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

/// A service that tests start themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// PostgreSQL 13 or later.
    Postgres,
    /// nginx.
    Nginx,
}

/// Whether a service is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a test without its service must return"]
pub enum Availability {
    /// It can be started.
    Present,
    /// It is missing, and the test has been noted as skipped: return from it.
    Missing,
}

/// Whether the service is there. Where it is missing, the calling test is noted as skipped: it must return.
///
/// ```no_run
/// # use countersign_testkit::{available, Availability, Service};
/// fn a_test() {
///     if available(Service::Postgres) == Availability::Missing {
///         return;
///     }
/// }
/// ```
///
/// # Panics
///
/// With `CI=true`, if the service is missing: there nothing is left out.
pub fn available(service: Service) -> Availability {
    if service.program().is_some() {
        return Availability::Present;
    }
    missing(service);
    Availability::Missing
}

impl Service {
    /// The name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Nginx => "nginx",
        }
    }

    /// The server's program, if it is installed.
    pub(crate) fn program(self) -> Option<PathBuf> {
        match self {
            Self::Postgres => newest_postgres().or_else(|| on_path("postgres")),
            Self::Nginx => on_path("nginx").or_else(|| existing("/usr/sbin/nginx")),
        }
    }
}

/// Debian keeps each major version in a folder of its own and none on the path.
fn newest_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin/postgres"),
            ))
        })
        .filter(|(_, program)| program.is_file())
        .collect();
    found.sort();
    found.pop().map(|(_, program)| program)
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn existing(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    path.is_file().then(|| path.to_owned())
}

#[expect(
    clippy::panic,
    reason = "in continuous integration a missing service is a failed test"
)]
fn missing(service: Service) {
    let name = service.name();
    assert_ne!(
        variable("CI").as_deref(),
        Some("true"),
        "{name} is missing, and with CI=true nothing is left out: run scripts/install-test-deps"
    );
    let test = variable("NEXTEST_TEST_NAME")
        .or_else(|| thread::current().name().map(str::to_owned))
        .unwrap_or_else(|| format!("process {}", std::process::id()));
    let test = format!("{}{test}", crate_prefix());
    let _ = writeln!(
        std::io::stderr().lock(),
        "SKIPPED: {test}: {name} is missing"
    );
    // The runner counts what this file lists; see `cargo xtask test`.
    if let Some(log) = variable("COUNTERSIGN_SKIPPED_TESTS")
        && let Err(error) = note(Path::new(&log), name, &test)
    {
        panic!("{log} can't be written, so a skipped test would count as passed: {error}");
    }
}

/// Appends one line at once, so that tests that run at the same time don't mix theirs.
fn note(log: &Path, service: &str, test: &str) -> std::io::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)?
        .write_all(format!("{service}\t{test}\n").as_bytes())
}

/// Two crates may have tests of the same name.
fn crate_prefix() -> String {
    variable("CARGO_PKG_NAME")
        .map(|name| format!("{name} "))
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a test machine has is said by its environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
