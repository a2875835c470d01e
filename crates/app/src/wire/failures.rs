//! What the other crates' errors mean for a command: the exit code and what to do next.

use countersign_gate::ErrorKind;
use countersign_store::{LockError, StoreError};
use countersign_vault::{HeaderFileError, UnlockError};

use crate::failure::{Exit, Failure, chain};

const ONBOARD: &str =
    "make it with `countersign onboard`, or set COUNTERSIGN_DATA_DIR to the one that you mean";

/// A data directory that can't be used.
pub(crate) fn from_lock(error: &LockError) -> Failure {
    let failure = Failure::state("data_dir", error.to_string());
    match error {
        LockError::AlreadyLocked { .. } => Failure {
            code: "in_use".to_owned(),
            ..failure
        },
        LockError::Missing { .. } => Failure {
            code: "not_onboarded".to_owned(),
            ..failure
        }
        .next(ONBOARD),
        _ => failure,
    }
}

/// A store that can't be used.
pub(crate) fn from_store(error: &StoreError) -> Failure {
    let text = chain(error);
    match error {
        StoreError::Unavailable { .. } => Failure::unreachable("store_unavailable", text)
            .next("check COUNTERSIGN_DATABASE_URL, and that the database runs"),
        StoreError::Configuration(_) => Failure::usage(text),
        _ => Failure::state("store", text),
    }
}

/// A vault header that can't be read or written.
pub(crate) fn from_header(error: &HeaderFileError) -> Failure {
    let failure = Failure::state("vault_header", chain(error));
    match error {
        HeaderFileError::Missing { .. } => Failure {
            code: "not_onboarded".to_owned(),
            ..failure
        }
        .next(ONBOARD),
        HeaderFileError::Exists { .. } => Failure {
            code: "already_onboarded".to_owned(),
            ..failure
        },
        _ => failure,
    }
}

/// A vault that did not open.
pub(crate) fn from_unlock(error: &UnlockError) -> Failure {
    match error {
        UnlockError::WrongPassphrase => {
            Failure::unauthorised("wrong_passphrase", error.to_string())
        }
        UnlockError::Derivation(_) => Failure::state("vault", chain(error)),
    }
}

/// A gate that can't start or do what was asked.
pub(crate) fn from_gate(error: &countersign_gate::Error) -> Failure {
    let exit = match error.kind {
        ErrorKind::InvalidInput
        | ErrorKind::NotFound
        | ErrorKind::TooLarge
        | ErrorKind::Contradiction => Exit::Usage,
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => Exit::Unauthorised,
        ErrorKind::Conflict | ErrorKind::Gone | ErrorKind::Locked => Exit::State,
        _ => Exit::Unreachable,
    };
    Failure {
        exit,
        code: error.code.to_owned(),
        message: chain(error),
        next: None,
        is_silent: false,
    }
}
