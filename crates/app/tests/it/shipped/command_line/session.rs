//! What a person types and sees, written down with what changes from run to run taken out.

use std::fmt::Write;

use regex::Regex;

use super::super::program::{Run, feed, run};
use crate::support::TestGateway;

/// A terminal session on a gateway, signed in with the admin key.
pub(super) struct Session {
    pub(super) gateway: TestGateway,
    transcript: String,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            gateway: TestGateway::start(),
            transcript: String::new(),
        }
    }

    /// Types a command.
    pub(super) fn type_in(&mut self, arguments: &[&str]) -> Run {
        let run = run(self.command(arguments));
        self.record(arguments, run)
    }

    /// Types a command that reads a secret.
    pub(super) fn type_in_with(&mut self, arguments: &[&str], input: &str) -> Run {
        let run = feed(self.command(arguments), input);
        self.record(arguments, run)
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.gateway.command(arguments);
        command.env("COUNTERSIGN_API_KEY", self.gateway.admin_key());
        command
    }

    /// Writes down a command that was run otherwise.
    pub(super) fn note(&mut self, arguments: &[&str], run: Run) -> Run {
        self.record(arguments, run)
    }

    fn record(&mut self, arguments: &[&str], run: Run) -> Run {
        let words: Vec<String> = arguments
            .iter()
            .map(|word| {
                if word.contains([' ', '"']) {
                    format!("'{word}'")
                } else {
                    (*word).to_owned()
                }
            })
            .collect();
        // What was typed is shown escaped; what was printed is shown as it is.
        let visible = |character: char| match character {
            '\u{1b}' | '\u{202e}' => character.escape_unicode().to_string(),
            other => other.to_string(),
        };
        let typed: String = words.join(" ").chars().map(visible).collect();
        let exit = if run.exit == 0 {
            String::new()
        } else {
            format!("[exit {}]\n", run.exit)
        };
        let stderr = run.stderr.lines().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "! {line}");
            text
        });
        let _ = write!(
            self.transcript,
            "$ countersign {}\n{}{stderr}{exit}\n",
            typed, run.stdout
        );
        run
    }

    /// Everything so far.
    pub(super) fn transcript(&self) -> String {
        let folder = self.gateway.data_dir().to_str().unwrap().to_owned();
        let mut text = self.transcript.replace(&folder, "[data]");
        for (pattern, mark) in [
            (
                r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
                "[id]",
            ),
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
            (r"cs_[A-Za-z0-9_-]{43}", "[secret]"),
            (r"cs_[A-Za-z0-9_-]{8}", "[prefix]"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (r"[0-9a-f]{64}", "[hash]"),
            (r#""(root|chain)":"[A-Za-z0-9+/=]{44}""#, r#""$1":"[hash]""#),
            (r"countersign/[0-9a-f]{32}", "countersign/[ledger]"),
            (r"[A-Za-z0-9+/]{43}=", "[hash]"),
            (r#""(pid|uptime_seconds)":\d+"#, r#""$1":[number]"#),
            (r"(?m)^pid( +)\d+$", "pid$1[number]"),
            (r"(?m)^uptime_seconds( +)\d+$", "uptime_seconds$1[number]"),
            (r"by process \d+", "by process [number]"),
            (r#""note":"[^"]*""#, r#""note":"[note]""#),
            (r"\d+ MiB", "[number] MiB"),
            // The width of a column depends on what was just taken out.
            (r"(\S) {2,}", "$1  "),
        ] {
            text = Regex::new(pattern)
                .unwrap()
                .replace_all(&text, mark)
                .into_owned();
        }
        text
    }
}
