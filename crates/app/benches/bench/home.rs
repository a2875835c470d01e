//! A data directory, onboarded as the bootstrap contract says, and the command line on it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::pin::{Core, start_on};

/// The vault's passphrase.
pub(crate) const PASSPHRASE: &str = "correct-horse-battery-staple";

/// The folder that the process finds programs and its own files with; nothing else of the caller's environment counts.
const KEPT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// An onboarded data directory.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    database_url: Option<String>,
    admin_key: String,
}

impl Home {
    /// Makes one below the folder; its store is on PostgreSQL if a URL is given.
    pub(crate) fn onboard(folder: &Path, database_url: Option<String>) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(folder)
            .context("no folder for the data directory")?;
        let mut home = Self {
            folder,
            database_url,
            admin_key: String::new(),
        };
        let answer = home.cli(&["onboard", "--yes", "--with-decide"], None)?;
        home.admin_key = text(&answer, "admin_key")?;
        Ok(home)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder around it, for what a row writes beside it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The key that configures.
    pub(crate) fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// The log of the gateways that ran here.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The shipped binary, in this home, on the core if one is given.
    pub(crate) fn command(&self, core: Option<Core>) -> Result<Command> {
        let mut command = start_on(core, Path::new(env!("CARGO_BIN_EXE_countersign")));
        set_environment(&mut command);
        command
            .env("COUNTERSIGN_DATA_DIR", self.data())
            .env("COUNTERSIGN_MASTER_KEY", PASSPHRASE)
            .env("COUNTERSIGN_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8");
        if !self.admin_key.is_empty() {
            command.env("COUNTERSIGN_API_KEY", &self.admin_key);
        }
        if let Some(url) = &self.database_url {
            command.env("COUNTERSIGN_DATABASE_URL", url);
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .context("the log can't be opened")?;
        command.stdin(Stdio::null()).stderr(log);
        Ok(command)
    }

    /// Runs a command of the command line with `--json`.
    pub(crate) fn cli(&self, arguments: &[&str], input: Option<&str>) -> Result<Value> {
        let mut command = self.command(None)?;
        command
            .args(arguments)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("countersign could not start")?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "countersign {} ended with {}: {}{}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        serde_json::from_slice(&output.stdout).with_context(|| {
            format!(
                "countersign {} printed no JSON: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stdout)
            )
        })
    }
}

/// A field that is text.
pub(crate) fn text(value: &Value, field: &str) -> Result<String> {
    value
        .get(field)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("no {field} in {value}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmark decides what of its environment the gateway sees"
)]
fn set_environment(command: &mut Command) {
    command.env_clear();
    command.envs(
        KEPT.iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
}
