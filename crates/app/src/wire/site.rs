//! The place of an installation, and how one comes to be there: whole, or not at all.
//!
//! On SQLCipher everything is made in a folder of its own inside of the data directory. Its rename is what makes the installation; then
//! its files move to their places, the header last. A process that dies before the rename leaves a folder that is thrown away, one that
//! dies after it leaves moves that are finished ([`Site::tidy`]).
//!
//! On PostgreSQL the header's row comes first: data under a key that nobody could get back would be worse than a header without data. A
//! header without an operator is an onboarding that died in between: it is taken up with the same passphrase.
//!
//! INVARIANT: whoever calls holds the data directory's lock.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use countersign_gate::Workspace;
use countersign_vault::{HEADER_FILE_NAME, HeaderFile, Passphrase, Vault};

use super::failures::from_gate;
use super::header::{HeaderPlace, unlock};
use super::parts::{Parts, not_onboarded_at};
use crate::config::{DataDir, Settings};
use crate::failure::{Failure, Result};

/// The folder in which an installation is being made, and what it is called once it is whole.
const MAKING: &str = "onboarding.new";
const MADE: &str = "onboarding";

/// Where an installation is, or shall be.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    data_dir: DataDir,
    place: HeaderPlace,
    parts: Parts,
    is_shared: bool,
}

impl Site {
    /// The place that the configuration names.
    pub(crate) fn new(settings: &Settings, parts: Parts) -> Self {
        Self {
            data_dir: settings.data_dir.clone(),
            place: HeaderPlace::of(settings),
            parts,
            is_shared: settings.database_url.is_some(),
        }
    }

    /// Finishes what an onboarding left that died after its rename, and throws away what it left before.
    pub(crate) fn tidy(&self) -> Result<()> {
        let tidy = || {
            remove_folder(&self.data_dir.file(MAKING))?;
            move_out(&self.data_dir)
        };
        tidy().map_err(|error| self.unwritable(&error))
    }

    /// Makes the vault, opens the store and does the first unit of work in it. The store is closed again.
    pub(crate) async fn make<T>(
        &self,
        passphrase: Passphrase,
        work: impl AsyncFnOnce(Workspace) -> countersign_gate::Result<T>,
    ) -> Result<(Vault, T)> {
        let vault = match self.place.read().await? {
            None if self.is_shared => self.place.create(passphrase).await?,
            None if self.data_dir.database().exists() => {
                return Err(not_onboarded_at(&self.data_dir, self.is_shared));
            }
            None => return self.make_beside(passphrase, work).await,
            Some(header) => match unlock(header, passphrase).await {
                Ok((vault, _)) => vault,
                // Whoever does not know the passphrase learns only that this folder is taken.
                Err(failure) if failure.code == "wrong_passphrase" => {
                    return Err(already_onboarded(&self.data_dir));
                }
                Err(failure) => return Err(failure),
            },
        };
        self.begin(&self.parts, vault, work).await
    }

    async fn make_beside<T>(
        &self,
        passphrase: Passphrase,
        work: impl AsyncFnOnce(Workspace) -> countersign_gate::Result<T>,
    ) -> Result<(Vault, T)> {
        let making = DataDir::new(&self.data_dir.file(MAKING));
        let begin = || {
            remove_folder(making.path())?;
            making.create()
        };
        begin().map_err(|error| self.unwritable(&error))?;
        let place = HeaderPlace::File(HeaderFile::new(making.path()));
        let made = match place.create(passphrase).await {
            Ok(vault) => {
                let parts = self.parts.in_folder(making.clone());
                self.begin(&parts, vault, work).await
            }
            Err(failure) => Err(failure),
        };
        let finished = made.and_then(|made| {
            let finish = || {
                sync(making.path())?;
                fs::rename(making.path(), self.data_dir.file(MADE))?;
                sync(self.data_dir.path())?;
                move_out(&self.data_dir)
            };
            finish().map_err(|error| self.unwritable(&error))?;
            Ok(made)
        });
        if finished.is_err() {
            // What can't be removed now is at the next start.
            drop(remove_folder(making.path()));
        }
        finished
    }

    async fn begin<T>(
        &self,
        parts: &Parts,
        vault: Vault,
        work: impl AsyncFnOnce(Workspace) -> countersign_gate::Result<T>,
    ) -> Result<(Vault, T)> {
        let store = parts.open_store(vault.clone()).await?;
        let workspace = Workspace {
            store: store.clone(),
            vault: vault.clone(),
            instance: parts.instance(),
        };
        let done = work(workspace).await;
        store.close().await;
        match done {
            Ok(done) => Ok((vault, done)),
            Err(error) if error.code == "already_onboarded" => {
                Err(already_onboarded(&self.data_dir))
            }
            Err(error) => Err(from_gate(&error)),
        }
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        let path = self.data_dir.path().display();
        Failure::state("data_dir", format!("{path} can't be written: {error}"))
            .next("free some space, or mend the folder's mode")
    }
}

/// There is an installation already.
pub(super) fn already_onboarded(data_dir: &DataDir) -> Failure {
    Failure::state(
        "already_onboarded",
        format!(
            "{} is onboarded already: nothing was changed",
            data_dir.path().display()
        ),
    )
    .next("start it with `countersign gateway`, or set COUNTERSIGN_DATA_DIR to another folder (an onboarding that died half-way is taken up with --yes)")
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Moves the files of a whole installation to their places. Whoever finds the header finds everything.
fn move_out(data_dir: &DataDir) -> io::Result<()> {
    let made = data_dir.file(MADE);
    let entries = match fs::read_dir(&made) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort_by_key(|name| name == HEADER_FILE_NAME);
    for name in names {
        let place = data_dir.path().join(&name);
        if place.exists() {
            let name = name.display();
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{name} is there already, and in {MADE}, too"),
            ));
        }
        if name == HEADER_FILE_NAME {
            sync(data_dir.path())?;
        }
        fs::rename(made.join(&name), place)?;
    }
    sync(data_dir.path())?;
    fs::remove_dir(&made)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
