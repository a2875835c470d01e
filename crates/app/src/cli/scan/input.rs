//! Reading what is scanned: bounded, and made text.

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

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
        Some(text) if text.is_empty() => Err(nothing("give a text that is not empty")),
        Some(text) => bounded(text.as_bytes(), "the text"),
        None => match stdin(argument.is_some(), "give a text")? {
            // What should have fed the pipe failed, most likely: that is not a text without threats.
            bytes if bytes.is_empty() => {
                Err(nothing("standard input is empty: look at what feeds it"))
            }
            bytes => Ok(bytes),
        },
    }
}

fn nothing(next: &str) -> Failure {
    Failure::usage("there is nothing to scan").next(next)
}

/// The bytes of a file, or of standard input where it is `-` or missing.
pub(super) fn file_or_stdin(path: Option<&Path>) -> Result<Vec<u8>> {
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => file(path).map_err(Failure::usage),
        None => stdin(path.is_some(), "name a file"),
    }
}

/// Why a file can't be read.
pub(super) fn unreadable(name: &impl Display, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{name} can't be read: there is no such file"),
        _ => format!("{name} can't be read: {error}"),
    }
}

/// The bytes of a file, or why there are none. Only of a regular file: a pipe without a writer would be waited for for ever, and
/// opening or reading a device may do anything.
pub(super) fn file(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let failed = |error: io::Error| unreadable(&name, &error);
    check_kind(path, &path.metadata().map_err(failed)?)?;
    // It may be another one by now.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(failed)?;
    check_kind(path, &file.metadata().map_err(failed)?)?;
    let bytes = read(file).map_err(failed)?;
    bytes.ok_or_else(|| too_long(&name.to_string()))
}

fn check_kind(path: &Path, metadata: &Metadata) -> Result<(), String> {
    let name = path.display();
    if metadata.is_dir() {
        return Err(format!("{name} is a folder: name the files in it"));
    }
    if !metadata.is_file() {
        return Err(format!(
            "{name} is a pipe, a socket or a device and no file: pipe its text in, and say `-`"
        ));
    }
    Ok(())
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
