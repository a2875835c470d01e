//! Asking the person at the terminal. Where there is none, nothing is asked and the command says what to give instead.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use countersign_vault::SecretString;
use dialoguer::{Confirm, Input, Password};
use zeroize::Zeroize;

use crate::config::{open_to_others, read_secret_file};
use crate::failure::{Failure, Result};
use crate::output::Output;

const MAXIMUM_BYTES: u64 = 64 * 1024;

/// Whether somebody can be asked: answers come from standard input, questions go to standard error.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a secret without showing it; `instead` says what to do where nobody can be asked.
pub(crate) fn secret(question: &str, instead: &str) -> Result<SecretString> {
    demand(question, instead)?;
    Password::new()
        .with_prompt(question)
        .interact()
        .map(SecretString::new)
        .map_err(|error| gone(&error))
}

/// Asks twice for a new secret.
pub(crate) fn new_secret(question: &str, instead: &str) -> Result<SecretString> {
    demand(question, instead)?;
    Password::new()
        .with_prompt(question)
        .with_confirmation("once more", "the two are not the same")
        .interact()
        .map(SecretString::new)
        .map_err(|error| gone(&error))
}

/// Asks for a text, with one that is taken when nothing is typed.
pub(crate) fn text(question: &str, default: &str, instead: &str) -> Result<String> {
    demand(question, instead)?;
    Input::new()
        .with_prompt(question)
        .default(default.to_owned())
        .interact_text()
        .map_err(|error| gone(&error))
}

/// Asks yes or no; Enter means no.
pub(crate) fn confirm(question: &str, instead: &str) -> Result<bool> {
    demand(question, instead)?;
    Confirm::new()
        .with_prompt(question)
        .default(false)
        .wait_for_newline(true)
        .interact()
        .map_err(|error| gone(&error))
}

/// A secret from standard input; the line's end is dropped.
pub(crate) fn secret_from_stdin() -> Result<SecretString> {
    let mut text = String::new();
    let read = io::stdin()
        .lock()
        .take(MAXIMUM_BYTES + 1)
        .read_to_string(&mut text);
    let failed = match read {
        Err(error) => Some(format!("standard input can't be read: {error}")),
        Ok(length) if length as u64 > MAXIMUM_BYTES => Some(format!(
            "standard input is longer than {MAXIMUM_BYTES} bytes, which no secret is"
        )),
        Ok(_) => None,
    };
    let value = SecretString::new(text.trim_end_matches(['\r', '\n']).to_owned());
    text.zeroize();
    match failed {
        Some(message) => Err(Failure::usage(message)),
        None if value.is_empty() => Err(Failure::usage(
            "standard input is empty, a secret was expected on it",
        )
        .next("pipe the secret in: `countersign ... --stdin < FILE`")),
        None => Ok(value),
    }
}

/// A secret from a file; one that others can get at is warned of.
pub(crate) fn secret_from_file(path: &Path, output: Output) -> Result<SecretString> {
    if let Some(warning) = open_to_others(path) {
        output.warn(warning);
    }
    read_secret_file(path, true).map_err(|why| Failure::usage(format!("{} {why}", path.display())))
}

fn demand(question: &str, instead: &str) -> Result<()> {
    if is_possible() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{question}: this can only be asked on a terminal, and there is none"
    ))
    .next(instead))
}

fn gone(error: &dialoguer::Error) -> Failure {
    Failure::usage(format!("the terminal went away: {error}"))
}
