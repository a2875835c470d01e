//! Runs a program, shows what it prints as it prints it, and keeps the lines.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

/// How a program ended, and what it printed.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Whether it exited with 0.
    pub(super) has_succeeded: bool,
    /// Its lines on stdout, then those on stderr, without colours.
    pub(super) lines: Vec<String>,
}

/// Runs the program to its end. What it prints goes to stderr: stdout is for our own result.
pub(super) fn run(mut command: Command) -> Result<Outcome> {
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} could not start: is it installed?"))?;
    let stdout = child
        .stdout
        .take()
        .map(|pipe| thread::spawn(move || forward(pipe)));
    let stderr = child
        .stderr
        .take()
        .map(|pipe| thread::spawn(move || forward(pipe)));
    let mut lines = Vec::new();
    for reader in [stdout, stderr].into_iter().flatten() {
        lines.extend(reader.join().unwrap_or_default());
    }
    let status = child
        .wait()
        .with_context(|| format!("{name} could not be waited for"))?;
    Ok(Outcome {
        has_succeeded: status.success(),
        lines,
    })
}

fn forward(pipe: impl Read) -> Vec<String> {
    let mut reader = BufReader::new(pipe);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|length| length > 0)
    {
        let _ = std::io::stderr().lock().write_all(&line);
        lines.push(without_colours(&String::from_utf8_lossy(&line)));
        line.clear();
    }
    lines
}

/// The line without ANSI colour sequences and its line end.
pub(super) fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.trim_end().chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        // ESC [ parameters, ended by a letter.
        for inner in characters.by_ref() {
            if inner.is_ascii_alphabetic() {
                break;
            }
        }
    }
    plain
}
