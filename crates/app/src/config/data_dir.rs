//! The data directory and the files in it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::env::Env;
use super::variable::DATA_DIR;
use crate::failure::{Failure, Result};

/// The folder that holds the store, the vault's header and what a running gateway says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Names the folder; touches nothing. A relative path is made absolute, because it is shown to other shells.
    pub(crate) fn new(path: &Path) -> Self {
        Self(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    }

    /// The folder by the environment: `COUNTERSIGN_DATA_DIR`, else the user's data folder.
    pub(crate) fn from_env(env: &Env) -> Result<Option<Self>> {
        Ok(DATA_DIR.text(env)?.map(|path| Self::new(Path::new(&path))))
    }

    /// `$XDG_DATA_HOME/countersign`, else `~/.local/share/countersign`.
    pub(crate) fn default_for_user(env: &Env) -> Result<Self> {
        let base = env.path("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let base = base.or_else(|| env.path("HOME").map(|home| home.join(".local/share")));
        base.map(|base| Self::new(&base.join("countersign"))).ok_or_else(|| {
            Failure::usage("there is no data directory: neither COUNTERSIGN_DATA_DIR, XDG_DATA_HOME nor HOME is set").next("set COUNTERSIGN_DATA_DIR")
        })
    }

    /// The path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The encrypted database.
    pub(crate) fn database(&self) -> PathBuf {
        self.file("countersign.db")
    }

    /// The checkpoints that are kept outside of the database.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.file("checkpoints.txt")
    }

    /// What a running gateway says about itself.
    pub(crate) fn run_file(&self) -> PathBuf {
        self.file("run.json")
    }

    /// The session of `countersign login`.
    pub(crate) fn session_file(&self) -> PathBuf {
        self.file("session.json")
    }

    /// Makes the folder for its owner only. One that exists keeps its mode: that is checked where it is locked.
    pub(crate) fn create(&self) -> io::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        if let Some(parent) = self.0.parent() {
            fs::create_dir_all(parent)?;
        }
        DirBuilder::new().mode(0o700).create(&self.0)
    }

    /// The permission bits, if the folder exists.
    pub(crate) fn mode(&self) -> Option<u32> {
        fs::metadata(&self.0)
            .ok()
            .map(|metadata| metadata.mode() & 0o7777)
    }
}
