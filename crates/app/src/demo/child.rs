//! The demo's own commands: this very program, started again with a data directory and a passphrase that are made for it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use countersign_vault::SecretString;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::failure::{Failure, Result};

const READY: &str = "listening on ";

/// How to start this program again.
pub(super) struct Program {
    /// The program.
    pub(super) path: PathBuf,
    data_dir: PathBuf,
    passphrase: SecretString,
}

impl Program {
    /// This program, on a data directory of its own.
    pub(super) fn this(data_dir: &Path, passphrase: SecretString) -> Result<Self> {
        let path = std::env::current_exe().map_err(|error| {
            Failure::usage(format!("this program can't be found again: {error}"))
        })?;
        Ok(Self {
            path,
            data_dir: data_dir.to_owned(),
            passphrase,
        })
    }

    /// Runs a command that prints JSON.
    pub(super) async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let failed = |error: std::io::Error| {
            Failure::usage(format!("this program could not start itself: {error}"))
        };
        let output = self
            .command(arguments)
            .arg("--json")
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(failed)?;
        if !output.status.success() {
            return Err(Failure::unreachable(
                "demo",
                format!(
                    "`countersign {}` failed: {}",
                    arguments.join(" "),
                    String::from_utf8_lossy(&output.stderr).trim()
                ),
            ));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| {
            Failure::unreachable(
                "demo",
                format!(
                    "`countersign {}` printed no JSON: {error}",
                    arguments.join(" ")
                ),
            )
        })
    }

    /// Starts the gateway and waits until it is ready.
    pub(super) async fn gateway(&self, listen: &str) -> Result<Gateway> {
        let failed = |error: std::io::Error| {
            Failure::usage(format!("this program could not start itself: {error}"))
        };
        // The pipe on its standard input ends it, even where this process is killed.
        let mut command = self.command(&["gateway", "--listen", listen, "--until-stdin-closes"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let Some(stdout) = child.stdout.take() else {
            return Err(Failure::usage("the gateway has no standard output"));
        };
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(Duration::from_mins(1), lines.next_line())
            .await
            .ok()
            .and_then(std::io::Result::ok)
            .flatten();
        if let Some(url) = line.as_deref().and_then(|line| line.strip_prefix(READY)) {
            return Ok(Gateway {
                url: url.to_owned(),
                child,
            });
        }
        let status = timeout(Duration::from_secs(5), child.wait())
            .await
            .ok()
            .and_then(std::io::Result::ok);
        let message = format!(
            "the demo's gateway did not start ({})",
            status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
        );
        Err(Failure::unreachable("demo", message).next("choose another address with --listen"))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the demo runs this very program as its gateway: same binary, pipeline and store"
    )]
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        // Nothing of the person's own configuration gets in.
        command
            .args(arguments)
            .env_clear()
            .env("COUNTERSIGN_DATA_DIR", &self.data_dir)
            .env("COUNTERSIGN_MASTER_KEY", self.passphrase.expose())
            .env("COUNTERSIGN_LOG", "warn");
        command
    }
}

/// A running gateway.
#[derive(Debug)]
pub(super) struct Gateway {
    /// Where it listens.
    pub(super) url: String,
    child: Child,
}

impl Gateway {
    /// Ends it in order.
    pub(super) async fn stop(mut self) -> Option<ExitStatus> {
        drop(self.child.stdin.take());
        timeout(Duration::from_secs(30), self.child.wait())
            .await
            .ok()
            .and_then(std::io::Result::ok)
    }
}
