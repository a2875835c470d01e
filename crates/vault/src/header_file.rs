//! The header's file in the data directory.
//!
//! Written beside its place, synced, then renamed over it and the directory synced: a process that dies anywhere leaves the whole
//! old file or the whole new one, and a file that is in the way of a rename is only ever a leftover of such a death. Whoever writes
//! holds the data directory's lock; this module does not take it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    ops::ControlFlow,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::header::{HeaderError, VaultHeader};

/// The header's name in the data directory.
pub const HEADER_FILE_NAME: &str = "vault.json";

const TEMPORARY_FILE_NAME: &str = "vault.json.new";
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// A header file that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HeaderFileError {
    /// There is none.
    #[error(
        "{path} does not exist: this folder was never onboarded, or the wrong data directory was given"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{path} exists already: the folder was onboarded before, nothing was changed")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others can read or write it.
    #[error(
        "{path} has mode {mode:04o}, others can get at it: run `chmod 600 {path}` and look into who could read it"
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Larger than any header.
    #[error(
        "{path} is larger than {MAXIMUM_BYTES} bytes, so it is no vault header: restore it from a backup"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Its content is no header.
    #[error("{path} is no vault header")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: HeaderError,
    },
    /// The operating system refused.
    #[error("could not {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// The points between which a process can die while writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    LeftoverRemoved,
    TemporaryCreated,
    HalfWritten,
    Written,
    Synced,
    Renamed,
    DirectorySynced,
}

/// The header file of one data directory.
#[derive(Debug, Clone)]
pub struct HeaderFile {
    directory: PathBuf,
}

impl HeaderFile {
    /// Names the file; touches nothing.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.directory.join(HEADER_FILE_NAME)
    }

    /// Whether the file is there.
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(self.path()).is_ok()
    }

    /// Reads the header. A symbolic link, a file that others can read, and a file that is too large are refused.
    pub fn read(&self) -> Result<VaultHeader, HeaderFileError> {
        let path = self.path();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(no_follow())
            .open(&path)
            .map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    return HeaderFileError::Missing { path: path.clone() };
                }
                failed("open", &path)(error)
            })?;
        let mode = file.metadata().map_err(failed("inspect", &path))?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(HeaderFileError::Permissions { path, mode });
        }
        let mut json = Vec::new();
        file.take(MAXIMUM_BYTES + 1)
            .read_to_end(&mut json)
            .map_err(failed("read", &path))?;
        if json.len() as u64 > MAXIMUM_BYTES {
            return Err(HeaderFileError::TooLarge { path });
        }
        VaultHeader::parse(&json).map_err(|source| HeaderFileError::Header { path, source })
    }

    /// Writes the first header; refuses if there is one, and then changes nothing.
    pub fn create(&self, header: &VaultHeader) -> Result<(), HeaderFileError> {
        if self.exists() {
            return Err(HeaderFileError::Exists { path: self.path() });
        }
        self.write(header, Target::Absent, &mut |_| ControlFlow::Continue(()))
    }

    /// Puts a new header in the place of the old one, which must exist.
    pub fn replace(&self, header: &VaultHeader) -> Result<(), HeaderFileError> {
        if !self.exists() {
            return Err(HeaderFileError::Missing { path: self.path() });
        }
        self.write(header, Target::Present, &mut |_| ControlFlow::Continue(()))
    }

    /// The steps of a write; `after` is told each one, and stops the write there by breaking, as a death would.
    pub(crate) fn write(
        &self,
        header: &VaultHeader,
        target: Target,
        after: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<(), HeaderFileError> {
        let temporary = self.directory.join(TEMPORARY_FILE_NAME);
        let path = self.path();
        let json = header.to_json();
        let (first, second) = json.split_at(json.len() / 2);
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &temporary)(error));
            }
            _ => {}
        }
        if after(Step::LeftoverRemoved).is_break() {
            return Ok(());
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(no_follow())
            .open(&temporary)
            .map_err(failed("create", &temporary))?;
        if after(Step::TemporaryCreated).is_break() {
            return Ok(());
        }
        file.write_all(first).map_err(failed("write", &temporary))?;
        if after(Step::HalfWritten).is_break() {
            return Ok(());
        }
        file.write_all(second)
            .map_err(failed("write", &temporary))?;
        if after(Step::Written).is_break() {
            return Ok(());
        }
        file.sync_all().map_err(failed("sync", &temporary))?;
        if after(Step::Synced).is_break() {
            return Ok(());
        }
        match target {
            Target::Present => fs::rename(&temporary, &path).map_err(failed("replace", &path))?,
            Target::Absent => rename_to_absent(&temporary, &path)?,
        }
        if after(Step::Renamed).is_break() {
            return Ok(());
        }
        let directory = File::open(&self.directory).map_err(failed("open", &self.directory))?;
        directory
            .sync_all()
            .map_err(failed("sync", &self.directory))?;
        let _: ControlFlow<()> = after(Step::DirectorySynced);
        Ok(())
    }
}

/// What the rename must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Absent,
    Present,
}

fn failed(
    operation: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> HeaderFileError + use<> {
    let path = path.to_owned();
    move |source| HeaderFileError::Io {
        operation,
        path,
        source,
    }
}

fn no_follow() -> i32 {
    i32::try_from((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC).bits())
        .unwrap_or_default()
}

/// Renames without ever replacing; where the file system can't, links (which never replaces either) and removes the first name.
fn rename_to_absent(from: &Path, to: &Path) -> Result<(), HeaderFileError> {
    use rustix::io::Errno;
    let result = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(from, to).and_then(|()| fs::remove_file(from))
        }
        other => other.map_err(io::Error::from),
    };
    result.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => HeaderFileError::Exists {
            path: to.to_owned(),
        },
        _ => failed("create", to)(error),
    })
}

#[cfg(test)]
mod tests;
