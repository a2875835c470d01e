//! Taking the data directory.

use std::time::Duration;

use countersign_store::{DataDirLock, LockError};

use crate::config::DataDir;

/// How often it is tried, and how long is waited in between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// Locks the data directory. Commands that only look whether a gateway runs hold the lock for a moment, too: that must not keep one from
/// starting.
pub(super) async fn hold(data_dir: &DataDir) -> Result<DataDirLock, LockError> {
    for _ in 1..TRIES {
        match DataDirLock::acquire(data_dir.path()) {
            Err(LockError::AlreadyLocked { .. }) => tokio::time::sleep(PAUSE).await,
            outcome => return outcome,
        }
    }
    DataDirLock::acquire(data_dir.path())
}

/// The same for a gateway. What an earlier one left in `run.json` is taken away: nobody may take this one for it.
pub(crate) async fn hold_to_serve(data_dir: &DataDir) -> Result<DataDirLock, LockError> {
    let lock = hold(data_dir).await?;
    crate::run_file::RunFile::remove(data_dir);
    Ok(lock)
}
