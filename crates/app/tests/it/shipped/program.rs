//! Running the binary in an environment that holds nothing else.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use countersign_testkit::command;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::PASSPHRASE;

const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// The binary with a folder of its own.
#[derive(Debug)]
pub(super) struct Program {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) exit: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Fails the test unless it ended with this code.
    #[track_caller]
    pub(super) fn expect(self, exit: i32) -> Self {
        assert_eq!(
            self.exit, exit,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// The one line of JSON on standard output; the test fails where there is anything else.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        let lines: Vec<&str> = self.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "not one line:\n{}", self.stdout);
        assert!(self.stdout.ends_with('\n'));
        serde_json::from_str(lines[0]).unwrap_or_else(|error| panic!("{error}: {}", lines[0]))
    }
}

impl Program {
    /// A folder with nothing in it; the data directory is not made yet.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            environment: Vec::new(),
        }
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the data directory.
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The contract's environment: data directory and passphrase.
    pub(super) fn usual() -> Self {
        let mut program = Self::new();
        let data_dir = program.data_dir();
        program.set("COUNTERSIGN_DATA_DIR", data_dir.to_str().unwrap());
        program.set("COUNTERSIGN_MASTER_KEY", PASSPHRASE);
        program
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(BINARY);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command with this on its standard input.
    pub(super) fn feed(&self, arguments: &[&str], input: &str) -> Run {
        feed(self.command(arguments), input)
    }
}

/// Runs a command with this on its standard input.
pub(super) fn feed(mut command: Command, input: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing closes the pipe: what it did counts.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Run::of(&child.wait_with_output().unwrap())
}

/// Runs a command to its end.
pub(super) fn run(mut command: Command) -> Run {
    Run::of(&command.output().unwrap())
}

/// The permission bits of a file.
pub(super) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
