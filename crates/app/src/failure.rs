//! How a command fails: an exit code that scripts match on, and a text that says what happened, why, and what to do next.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

/// The documented exit codes. Scripts rely on them: a code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A rule, a human or a verification said no.
    Refused = 1,
    /// The command, its arguments, the configuration or a name in them is wrong.
    Usage = 2,
    /// The state does not fit: onboarded already or not yet, locked, decided already.
    State = 3,
    /// The gateway can't be reached, or an address can't be bound.
    Unreachable = 4,
    /// Nobody, or somebody who may not.
    Unauthorised = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what it was asked.
///
/// INVARIANT: no part of it holds a secret.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// What the process ends with.
    pub(crate) exit: Exit,
    /// A stable word for programs.
    pub(crate) code: String,
    /// What happened, and why.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) next: Option<String>,
    /// The result was printed already: the exit code says the rest.
    pub(crate) is_silent: bool,
}

/// The result of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.to_owned(),
            message: message.into(),
            next: None,
            is_silent: false,
        }
    }

    /// Exit 1, after a result that says it all.
    pub(crate) fn refused_silently() -> Self {
        Self {
            is_silent: true,
            ..Self::refused("refused", "")
        }
    }

    /// Exit 1.
    pub(crate) fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, code, message)
    }

    /// Exit 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// Exit 3.
    pub(crate) fn state(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::State, code, message)
    }

    /// Exit 4.
    pub(crate) fn unreachable(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, code, message)
    }

    /// Exit 5.
    pub(crate) fn unauthorised(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Unauthorised, code, message)
    }

    /// The same failure with what to do next.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// One object, for `--json`: it goes to standard error, because standard output holds results only.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message, "next": self.next, "exit": self.exit as u8 } })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The whole chain of an error on one line: causes are not repeated by those who name them.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
