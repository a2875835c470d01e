//! The one place that decides in which environment cargo builds and tests.
//!
//! Invariant: every cargo of a test run gets the same environment; two that differ would build OpenSSL and SQLCipher twice.

use std::process::{Command, Stdio};

/// The environment of one run of the tasks.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// True in continuous integration: a missing service is a failure and the lockfile is final.
    pub(crate) is_ci: bool,
    /// True where the system's OpenSSL headers are usable: linking them saves minutes of building our own.
    uses_system_openssl: bool,
}

impl Environment {
    /// Reads the environment and looks for the system's OpenSSL.
    pub(crate) fn detect() -> Self {
        Self {
            is_ci: variable("CI").as_deref() == Some("true"),
            uses_system_openssl: variable("OPENSSL_NO_VENDOR").is_some() || has_system_openssl(),
        }
    }

    /// A cargo command with this environment.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = program(&variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
        cargo.args(arguments).stdin(Stdio::null());
        if self.uses_system_openssl {
            cargo.env("OPENSSL_NO_VENDOR", "1");
        }
        cargo
    }

    /// `--locked` where the lockfile is final.
    pub(crate) fn lock_arguments(&self) -> &'static [&'static str] {
        if self.is_ci { &["--locked"] } else { &[] }
    }
}

fn has_system_openssl() -> bool {
    program("pkg-config")
        .args(["--exists", "openssl >= 3.0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a task runner is configured by its environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The command of a program.
#[expect(clippy::disallowed_methods, reason = "a task runner runs programs")]
pub(crate) fn program(name: &str) -> Command {
    Command::new(name)
}
