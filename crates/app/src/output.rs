//! The only module that prints.
//!
//! Results go to standard output: a table for people, one line of JSON for programs. Everything else (progress, warnings, errors)
//! goes to standard error, so that a script can read the one without the other.
//!
//! INVARIANT: no control character and no invisible character of a value reaches a terminal: see [`escape`].

mod escape;
mod table;

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

pub(crate) use escape::escape;
pub(crate) use table::Table;

use crate::failure::Failure;

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    is_json: bool,
}

impl Output {
    /// Tables for people, or JSON for programs.
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
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

    /// One line of JSON, whatever the mode.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the value, so that one place decides"
    )]
    pub(crate) fn json_line(self, value: &Value) {
        to_stdout(format!("{}\n", escape::json(&value.to_string())).as_bytes());
    }

    /// A line of a result for people. Escaped as a whole: it can't become two.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the value, so that one place decides"
    )]
    pub(crate) fn line(self, text: impl AsRef<str>) {
        to_stdout(format!("{}\n", escape(text.as_ref())).as_bytes());
    }

    /// A table for people, as wide as the terminal.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the value, so that one place decides"
    )]
    pub(crate) fn table(self, table: &Table) {
        to_stdout(table.render(terminal_width()).as_bytes());
    }

    /// Bytes as they are: exports and completion scripts.
    ///
    /// # Errors
    /// When the reader is gone.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the value, so that one place decides"
    )]
    pub(crate) fn bytes(self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
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

/// A reader that went away (`| head`) is no failure of the command.
fn to_stdout(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    drop(stdout.write_all(bytes).and_then(|()| stdout.flush()));
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
