//! What a failure of the store means for the one who asked.

use std::time::Duration;

use countersign_store::StoreError;

use crate::error::{Error, ErrorKind};

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let again = Duration::from_secs(1);
        let unavailable = |code, message: &'static str| {
            Self::new(ErrorKind::Unavailable, code, message).retry_after(again)
        };
        let mut mapped = match &error {
            StoreError::NotDurable { .. }
            | StoreError::Poisoned { .. }
            | StoreError::ReadOnly
            | StoreError::Closed => unavailable(
                "not_recorded",
                "nothing was done: the gateway can't record it; an operator has to look at the store",
            ),
            StoreError::CommitUnknown => unavailable(
                "commit_unknown",
                "the database was lost while it recorded this: it may or may not have happened; look before repeating it",
            ),
            StoreError::DiskFull => unavailable(
                "disk_full",
                "nothing was done: the disk or the database is full; free some space",
            ),
            StoreError::Busy { .. } | StoreError::Conflict { .. } => unavailable(
                "store_busy",
                "nothing was done: the store is busy; try again",
            ),
            StoreError::TooSlow => Self::new(
                ErrorKind::Unavailable,
                "search_too_broad",
                "this was stopped because it takes too long: search for longer or rarer words, or between `since` and `until`",
            )
            .limit("search_time"),
            StoreError::Unavailable { .. } => unavailable(
                "store_unavailable",
                "nothing was done: the database can't be reached; try again",
            ),
            StoreError::Ledger(_) => unavailable(
                "ledger_inconsistent",
                "nothing was done: the ledger contradicts its checkpoints; an operator has to run `countersign audit verify`",
            ),
            StoreError::Duplicate { .. } => {
                return Self::new(
                    ErrorKind::Conflict,
                    "already_exists",
                    "nothing was done: there is one already",
                );
            }
            _ => return Self::internal(error),
        };
        mapped.cause = Some(Box::new(error));
        mapped
    }
}
