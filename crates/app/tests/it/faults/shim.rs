//! A library that is loaded in front of libc and makes the store's writes and syncs fail on demand.

use std::path::{Path, PathBuf};

use countersign_testkit::command;
use tempfile::TempDir;

pub(super) const EIO: i32 = 5;
pub(super) const ENOSPC: i32 = 28;
pub(super) const EROFS: i32 = 30;

/// The library and its control file.
#[derive(Debug)]
pub(super) struct Shim {
    _folder: TempDir,
    library: PathBuf,
    control: PathBuf,
}

impl Shim {
    /// Compiles it.
    pub(super) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (source, library, control) = (
            folder.path().join("shim.c"),
            folder.path().join("shim.so"),
            folder.path().join("control"),
        );
        std::fs::write(&source, include_str!("shim.c")).unwrap();
        let output = command("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self {
            _folder: folder,
            library,
            control,
        }
    }

    pub(super) fn library(&self) -> &str {
        self.library.to_str().unwrap()
    }

    pub(super) fn control(&self) -> &Path {
        &self.control
    }

    /// From now on: `fsync` or `write` of the store fails with this error.
    pub(super) fn fail(&self, what: &str, code: i32) {
        let draft = self.control.with_extension("new");
        std::fs::write(&draft, format!("{what} {code}\n")).unwrap();
        std::fs::rename(draft, &self.control).unwrap();
    }

    /// Everything works again.
    pub(super) fn heal(&self) {
        let _ = std::fs::remove_file(&self.control);
    }
}
