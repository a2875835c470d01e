//! The scanners, with a user's own secret rules.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use countersign_scan::SecretScanner;
use countersign_scan::threat::{Channel, Scanner};

use crate::failure::{Failure, Result};

/// No rule file is longer; the scanner says the same.
const LONGEST_RULES_BYTES: u64 = 256 << 10;

/// Where a text came from.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Origin {
    /// Where the text came from: a person's message, or what a tool, page or webhook returned
    #[arg(long, default_value = "user", value_parser = channels())]
    pub(super) channel: Channel,
}

/// More rules.
#[derive(Debug, Clone, Args)]
pub(super) struct Rules {
    /// Secret rules of your own, on top of the built-in ones
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

fn channels() -> impl TypedValueParser<Value = Channel> {
    PossibleValuesParser::new(["user", "tool_output"])
        .map(|name| name.parse().unwrap_or(Channel::User))
}

/// The threat scanner as it is shipped.
pub(super) fn threats() -> Result<Scanner> {
    Scanner::shipped().map_err(|error| broken(&error))
}

/// The secret scanner with its built-in rules only.
pub(super) fn secrets() -> Result<SecretScanner> {
    SecretScanner::builtin().map_err(|error| broken(&error))
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure::usage(format!(
        "this program's own scanner files are broken: {error}"
    ))
    .next("install it again")
}

/// The text of a rule file. Whether it is one is the scanner's to say.
pub(super) fn rule_file(path: &Path) -> Result<String> {
    let failed = |why: String| Failure::usage(format!("{} can't be read: {why}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_RULES_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = before.split(|&byte| byte == b'\n').count();
        failed(format!("line {line} is not UTF-8 text"))
    })
}

impl Rules {
    /// The secret scanner with these rules.
    pub(super) fn scanner(&self) -> Result<SecretScanner> {
        let Some(path) = &self.rules else {
            return secrets();
        };
        SecretScanner::with_custom(&rule_file(path)?).map_err(|error| {
            Failure::usage(format!(
                "{}:{}: {}; the file is refused, none of its rules is in force",
                path.display(),
                error.line,
                error.reason
            ))
        })
    }
}
