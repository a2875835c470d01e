//! The user that services run as. PostgreSQL refuses to run as root, and nginx would drop to a user of its own.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::child::{WRAPPER, plain};
use crate::service::on_path;

/// The user and group that services run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceUser {
    user: u32,
    group: u32,
    /// True where we are root and have to change to that user.
    is_other: bool,
}

impl ServiceUser {
    /// Ourselves; or, for root, `postgres` or `nobody`.
    pub(crate) fn find() -> Result<Self> {
        let user = rustix::process::geteuid().as_raw();
        if user != 0 {
            return Ok(Self {
                user,
                group: rustix::process::getegid().as_raw(),
                is_other: false,
            });
        }
        ensure!(
            on_path(WRAPPER).is_some(),
            "services must not run as root, and setpriv (util-linux) is missing"
        );
        let accounts =
            std::fs::read_to_string("/etc/passwd").context("/etc/passwd can't be read")?;
        for name in ["postgres", "nobody"] {
            if let Some((user, group)) = account(&accounts, name) {
                return Ok(Self {
                    user,
                    group,
                    is_other: true,
                });
            }
        }
        bail!("services must not run as root, and there is no user postgres or nobody")
    }

    /// A command of this user that gets `signal` when this process ends.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, signal: &str) -> Command {
        if on_path(WRAPPER).is_none() {
            return plain(program);
        }
        let mut command = plain(WRAPPER);
        if self.is_other {
            command.args([
                &format!("--reuid={}", self.user),
                &format!("--regid={}", self.group),
                "--clear-groups",
            ]);
        }
        command.args(["--pdeathsig", signal, "--"]).arg(program);
        // The working folder of the tests may be closed to that user.
        command.current_dir("/");
        command
    }

    /// Runs a program of this user to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[S],
    ) -> Result<()> {
        let name = program.as_ref().to_string_lossy().into_owned();
        let output = self
            .command(program, "KILL")
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .with_context(|| format!("{name} could not start"))?;
        ensure!(
            output.status.success(),
            "{name} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// The folder for everything that services keep: private to this user, below the system's temporary folder.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        let folder = std::env::temp_dir().join(format!("countersign-testkit-{}", self.user));
        self.run(
            "mkdir",
            &[
                OsStr::new("-p"),
                OsStr::new("-m"),
                OsStr::new("700"),
                folder.as_os_str(),
            ],
        )?;
        // SECURITY: the name can be guessed, so somebody else may have made it first.
        let metadata = std::fs::symlink_metadata(&folder)
            .with_context(|| format!("{} can't be read", folder.display()))?;
        ensure!(
            metadata.is_dir()
                && metadata.uid() == self.user
                && metadata.permissions().mode().trailing_zeros() >= 6,
            "{} belongs to somebody else or is open to others: remove it",
            folder.display()
        );
        Ok(folder)
    }

    /// A new folder named after this process. Those of processes that have ended are removed.
    pub(crate) fn new_folder(&self, kind: &str) -> Result<PathBuf> {
        let base = self.folder()?;
        self.sweep(&base)?;
        for number in 0..10_000 {
            let folder = base.join(format!("{kind}-{}-{number}", std::process::id()));
            if self
                .run(
                    "mkdir",
                    &[OsStr::new("-m"), OsStr::new("700"), folder.as_os_str()],
                )
                .is_ok()
            {
                return Ok(folder);
            }
        }
        bail!("{} has no room for a new folder", base.display())
    }

    /// Removes a folder that this user made.
    pub(crate) fn remove(&self, folder: &Path) -> Result<()> {
        self.run("rm", &[OsStr::new("-rf"), folder.as_os_str()])
    }

    fn sweep(&self, base: &Path) -> Result<()> {
        let entries =
            std::fs::read_dir(base).with_context(|| format!("{} can't be read", base.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name
                .split('-')
                .nth(1)
                .and_then(|pid| pid.parse::<u32>().ok());
            if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                self.remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// User and group of an account, as `passwd(5)` lays them out.
fn account(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let user = fields.nth(1)?.parse().ok()?;
        Some((user, fields.next()?.parse().ok()?))
    })
}
