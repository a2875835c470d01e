//! `run.json`: what a running gateway says about itself to those who can read its data directory.
//!
//! Written whole (beside its place, then renamed) once the gateway listens, removed when it ends cleanly. After a crash it stays, and
//! whoever takes the port could ask for keys in the gateway's place.
//!
//! SECURITY: the address counts only while the gateway that wrote it holds the data directory's lock, which the kernel releases when it
//! dies: see [`RunFile::is_current`].

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use countersign_domain::Timestamp;
use countersign_store::LOCK_FILE_NAME;
use serde::{Deserialize, Serialize};

use crate::config::DataDir;
use crate::failure::{Failure, Result};

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunFile {
    /// The gateway's process.
    pub(crate) pid: u32,
    /// Where this machine reaches it: `http://127.0.0.1:18790`, `https://...` or `unix:/path`.
    pub(crate) address: String,
    /// When it started.
    pub(crate) started_at: Timestamp,
    /// SHA-256 of its certificate in hex, where it made that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
}

impl RunFile {
    /// Reads the file; `None` if there is none.
    pub(crate) fn read(data_dir: &DataDir) -> Result<Option<Self>> {
        let path = data_dir.run_file();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => {
                let failure = Failure::unreachable(
                    "run_file",
                    format!("{} can't be read: {error}", path.display()),
                );
                return Err(failure.next("run this as the gateway's user, or set COUNTERSIGN_URL"));
            }
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Failure::unreachable(
                "run_file",
                format!("{} is damaged: {error}", path.display()),
            )
            .next("restart the gateway, or set COUNTERSIGN_URL")
        })
    }

    /// Whether the gateway that wrote this still runs: somebody holds the data directory's lock, and wrote this process's id into it. The
    /// lock is tried shared and given back at once, so that any number may look.
    pub(crate) fn is_current(&self, data_dir: &DataDir) -> io::Result<bool> {
        let file = match File::open(data_dir.file(LOCK_FILE_NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            // Closing the file gives it back.
            Ok(()) => return Ok(false),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut holder = String::new();
        file.take(32).read_to_string(&mut holder)?;
        Ok(holder.trim().parse() == Ok(self.pid))
    }

    /// Writes the file for its owner only.
    pub(crate) fn write(&self, data_dir: &DataDir) -> io::Result<()> {
        let path = data_dir.run_file();
        let temporary = data_dir.file("run.json.new");
        drop(fs::remove_file(&temporary));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.write_all(b"\n")?;
        drop(file);
        fs::rename(temporary, path)
    }

    /// Removes the file.
    pub(crate) fn remove(data_dir: &DataDir) {
        drop(fs::remove_file(data_dir.run_file()));
    }
}
