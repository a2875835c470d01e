//! What the tasks tell: results on stdout, progress and complaints on stderr.
//!
//! A reader that went away (a closed pipe) is no reason to stop a task, so write errors are dropped here on purpose.

use std::io::Write;

/// A result: stdout.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A complaint: stderr.
pub(crate) fn warn(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The heading of a step: stderr, so that it stays in order with what cargo prints.
pub(crate) fn heading(line: &str) {
    warn(&format!("\n==> {line}"));
}
