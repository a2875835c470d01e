//! Reading what is scanned: bounded, and made text.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::failure::{Failure, Result};

/// Longest text that is scanned at once.
const LONGEST_MEBIBYTES: u64 = 10;

/// What stands for a byte that is no text: one byte, so that offsets stay those of the input.
const STAND_IN: char = '\u{1a}';

/// A text to scan.
#[derive(Debug)]
pub(super) struct Input {
    /// Its characters, with a stand-in for each byte that is not UTF-8.
    pub(super) text: String,
    /// How many bytes were no text.
    pub(super) invalid_bytes: usize,
}

impl Input {
    /// Makes bytes text.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => {
                return Self {
                    text,
                    invalid_bytes: 0,
                };
            }
            Err(error) => error.into_bytes(),
        };
        let mut input = Self {
            text: String::with_capacity(bytes.len()),
            invalid_bytes: 0,
        };
        for chunk in bytes.utf8_chunks() {
            input.text.push_str(chunk.valid());
            let invalid = chunk.invalid().len();
            input.text.extend(std::iter::repeat_n(STAND_IN, invalid));
            input.invalid_bytes += invalid;
        }
        input
    }
}

/// The bytes of an argument, or of standard input where it is `-` or missing.
pub(super) fn argument_or_stdin(argument: Option<&OsStr>) -> Result<Vec<u8>> {
    match argument.filter(|argument| *argument != "-") {
        Some(text) => bounded(text.as_bytes(), "the text"),
        None => stdin(argument.is_some(), "give a text"),
    }
}

/// The bytes of a file, or of standard input where it is `-` or missing.
pub(super) fn file_or_stdin(path: Option<&Path>) -> Result<Vec<u8>> {
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => file(path).map_err(Failure::usage),
        None => stdin(path.is_some(), "name a file"),
    }
}

/// The bytes of a file, or why there are none.
pub(super) fn file(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| format!("{} can't be read: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(format!(
            "{} is a folder: name the files in it",
            path.display()
        ));
    }
    let bytes = read(file).map_err(failed)?;
    bytes.ok_or_else(|| too_long(&path.display().to_string()))
}

/// Standard input. A person who gave nothing is told so instead of being waited for.
fn stdin(is_asked_for: bool, instead: &str) -> Result<Vec<u8>> {
    let stdin = io::stdin();
    if stdin.is_terminal() && !is_asked_for {
        return Err(Failure::usage("there is nothing to scan")
            .next(format!("{instead}, pipe it in, or say `-` to type it")));
    }
    read(stdin.lock())
        .map_err(|error| Failure::usage(format!("standard input can't be read: {error}")))?
        .ok_or_else(|| Failure::usage(too_long("standard input")))
}

fn bounded(bytes: &[u8], what: &str) -> Result<Vec<u8>> {
    match read(bytes) {
        Ok(Some(bytes)) => Ok(bytes),
        _ => Err(Failure::usage(too_long(what))),
    }
}

/// Everything, or `None` where it is too long.
fn read(source: impl Read) -> io::Result<Option<Vec<u8>>> {
    let longest = LONGEST_MEBIBYTES << 20;
    let mut bytes = Vec::new();
    source.take(longest + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= longest))
}

fn too_long(what: &str) -> String {
    format!("{what} is longer than {LONGEST_MEBIBYTES} MiB: scan it in parts")
}
