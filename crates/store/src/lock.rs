//! The lock on the data directory: one gateway or offline writer at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The name of the lock file in the data directory.
pub const LOCK_FILE_NAME: &str = "lock";

/// Why the data directory can't be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("the data directory {} is in use{}; stop that gateway first", path.display(), pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    AlreadyLocked {
        /// The directory.
        path: PathBuf,
        /// The process that wrote its id into the lock file, if it could be read.
        pid: Option<u32>,
    },
    /// Others may read or write it.
    #[error("the data directory {} has mode {mode:04o}: only its owner may enter it; run `chmod 700 {}`", path.display(), path.display())]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    #[error("the data directory {} belongs to user {owner}, not to this process's user {user}", path.display())]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// It does not exist or is no directory.
    #[error("the data directory {} does not exist or is no directory; run `countersign onboard`", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("the data directory {} can't be locked: {reason}", path.display())]
    System {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        reason: Arc<str>,
    },
}

/// Holds the data directory until it is dropped or the process ends, however that happens: the kernel releases it.
#[derive(Debug)]
pub struct DataDirLock {
    path: PathBuf,
    // Dropping the file releases the lock. The file itself stays: removing it would let two processes lock two files.
    _file: File,
}

impl DataDirLock {
    /// Checks mode and owner of the directory and locks it without waiting.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        let system = |error: &std::io::Error| LockError::System {
            path: path.into(),
            reason: error.to_string().into(),
        };
        let Ok(metadata) = fs::metadata(path) else {
            return Err(LockError::Missing { path: path.into() });
        };
        if !metadata.is_dir() {
            return Err(LockError::Missing { path: path.into() });
        }
        let user = rustix::process::geteuid().as_raw();
        if metadata.uid() != user {
            return Err(LockError::NotOurs {
                path: path.into(),
                owner: metadata.uid(),
                user,
            });
        }
        let mode = metadata.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(LockError::OpenToOthers {
                path: path.into(),
                mode,
            });
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK_FILE_NAME))
            .map_err(|error| system(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = (&mut file).take(32).read_to_string(&mut text);
                return Err(LockError::AlreadyLocked {
                    path: path.into(),
                    pid: read.ok().and_then(|_| text.trim().parse().ok()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(system(&error)),
        }
        // The id only helps the message of whoever comes second: a full disk is no reason to refuse.
        drop(
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| writeln!(file, "{}", std::process::id())),
        );
        Ok(Self {
            path: path.into(),
            _file: file,
        })
    }

    /// The locked directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
