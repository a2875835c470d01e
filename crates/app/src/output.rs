//! The only module that prints.
//!
//! Results go to standard output: a table for people, one line of JSON for programs. Everything else (progress, warnings, errors)
//! goes to standard error, so that a script can read the one without the other.
//!
//! Invariants: a result that can't be written is remembered ([`Output::lost`]), so that no command ends well with its result lost; no control character and no invisible character of a value reaches a terminal: see [`escape`].

mod escape;
mod table;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use serde_json::Value;

pub(crate) use escape::escape;
pub(crate) use table::Table;

use crate::failure::{Failure, Result};

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    is_json: bool,
    /// Why the first result that could not be written could not be.
    lost: &'static OnceLock<String>,
}

impl Output {
    /// Tables for people, or JSON for programs.
    pub(crate) fn new(is_json: bool) -> Self {
        Self {
            is_json,
            // One for the process, a few bytes: what prints is copied everywhere.
            lost: Box::leak(Box::default()),
        }
    }

    /// The same place in another form.
    pub(crate) fn with_json(self, is_json: bool) -> Self {
        Self { is_json, ..self }
    }

    /// Whether programs read this.
    pub(crate) fn is_json(self) -> bool {
        self.is_json
    }

    /// A result: the value as one line of JSON, or the lines for people.
    pub(crate) fn result(self, value: &Value, people: impl FnOnce(Self)) {
        if self.is_json {
            self.json_line(value);
        } else {
            people(self);
        }
    }

    /// A result with a secret that is shown this once. `remedy` says how to take back what was made.
    ///
    /// # Errors
    /// When it could not be written: the secret is gone, what was made is not.
    pub(crate) fn secret_result(
        self,
        value: &Value,
        remedy: &str,
        people: impl FnOnce(Self),
    ) -> Result<()> {
        self.result(value, people);
        match self.lost() {
            Some(lost) => Err(lost.next(remedy)),
            None => Ok(()),
        }
    }

    /// The failure of a command whose result, or a part of it, could not be written. A reader that went away (`| head`) is none.
    pub(crate) fn lost(self) -> Option<Failure> {
        self.lost.get().map(|why| {
            Failure::usage(format!("standard output can't be written: {why}; the command did what it was asked, its result is lost"))
                .next("make room or choose another place for the output; look before you run it again")
        })
    }

    /// One line of JSON, whatever the mode.
    pub(crate) fn json_line(self, value: &Value) {
        self.to_stdout(format!("{}\n", escape::json(&value.to_string())).as_bytes());
    }

    /// A line of a result for people. Escaped as a whole: it can't become two.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        self.to_stdout(format!("{}\n", escape(text.as_ref())).as_bytes());
    }

    /// A table for people, as wide as the terminal.
    pub(crate) fn table(self, table: &Table) {
        self.to_stdout(table.render(terminal_width()).as_bytes());
    }

    /// Bytes as they are: exports and completion scripts. Whether there is a reader for more.
    pub(crate) fn bytes(self, bytes: &[u8]) -> bool {
        self.to_stdout(bytes)
    }

    fn to_stdout(self, bytes: &[u8]) -> bool {
        let mut stdout = io::stdout().lock();
        let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) else {
            return true;
        };
        if error.kind() != ErrorKind::BrokenPipe {
            let _first_counts = self.lost.set(error.to_string());
        }
        false
    }

    /// Progress, on standard error.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the value, so that one place decides"
    )]
    pub(crate) fn note(self, text: impl AsRef<str>) {
        to_stderr(&escape(text.as_ref()));
    }

    /// A warning, on standard error.
    pub(crate) fn warn(self, text: impl AsRef<str>) {
        self.note(format!("warning: {}", text.as_ref()));
    }

    /// A failure, on standard error.
    pub(crate) fn failure(self, failure: &Failure) {
        if failure.is_silent {
            return;
        }
        if self.is_json {
            to_stderr(&escape::json(&failure.to_json().to_string()));
            return;
        }
        self.note(format!("error: {}", failure.message));
        if let Some(next) = &failure.next {
            self.note(format!("  next: {next}"));
        }
    }
}

fn to_stderr(line: &str) {
    let mut stderr = io::stderr().lock();
    drop(writeln!(stderr, "{line}"));
}

/// Columns of the terminal; `None` where output goes elsewhere, so that nothing is folded there.
fn terminal_width() -> Option<u16> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(&stdout)
        .ok()
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0)
}
