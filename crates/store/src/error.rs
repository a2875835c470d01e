//! What can go wrong between a unit of work and the disk.

use std::sync::Arc;

use crate::{ledger::LedgerState, migrate::MigrationError};

/// Why a unit of work, a read or the opening of a store failed. Cheap to clone: one failed commit answers a whole batch.
///
/// Messages never hold a bound value, a key or a connection string's password.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The queue stayed full for as long as the caller may wait.
    #[error(
        "the store is busy: no place in its queue within {waited_millis} ms; try again with less load"
    )]
    Busy {
        /// How long the caller waited.
        waited_millis: u64,
    },
    /// The store was closed; nothing was done.
    #[error("the store is closed")]
    Closed,
    /// An earlier commit failed with an I/O error: what is on disk is no longer known, so nothing is written any more.
    #[error(
        "the store stopped after an I/O error ({reason}); end the process, check the disk, then start again"
    )]
    Poisoned {
        /// The first error.
        reason: Arc<str>,
    },
    /// The unit ran, but its commit failed: nothing of it may be acknowledged.
    #[error("the write could not be made durable: {reason}")]
    NotDurable {
        /// What the engine said.
        reason: Arc<str>,
    },
    /// No space for the write. Rolled back cleanly; later writes may succeed.
    #[error("the disk or the database is full; free some space")]
    DiskFull,
    /// The database or its folder can't be written.
    #[error(
        "the store is read-only: check the mode of the data directory and its files, and the file system"
    )]
    ReadOnly,
    /// The connection was lost while PostgreSQL committed: the unit may have happened or not.
    #[error(
        "the connection was lost during the commit: the write may or may not have happened; look before repeating it"
    )]
    CommitUnknown,
    /// The database can't be reached or answered too late; nothing was done.
    #[error("the database is not available: {reason}")]
    Unavailable {
        /// What the engine said.
        reason: Arc<str>,
    },
    /// A read took longer than it may; it was stopped, and nothing else was.
    #[error("the read was stopped: it took longer than it may; ask for less at once")]
    TooSlow,
    /// Conflicts with other transactions until the retries were used up; nothing was done.
    #[error("the transaction conflicted with others {attempts} times; try again")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// The closure panicked; its unit was rolled back, others were not touched.
    #[error("a unit of work panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: Arc<str>,
    },
    /// A UNIQUE or PRIMARY KEY constraint refused the row.
    #[error("a row with this key already exists ({constraint})")]
    Duplicate {
        /// The constraint or columns as the engine names them.
        constraint: Arc<str>,
    },
    /// A CHECK, NOT NULL or foreign key constraint refused the row.
    #[error("the row breaks a constraint ({constraint})")]
    Constraint {
        /// The constraint as the engine names it.
        constraint: Arc<str>,
    },
    /// A statement failed for another reason.
    #[error("the statement failed: {reason}; statement: {sql}")]
    Statement {
        /// The text with its placeholders, never with values.
        sql: Arc<str>,
        /// What the engine said.
        reason: Arc<str>,
    },
    /// A unit went on after one of its statements failed. It is rolled back: on PostgreSQL it could not commit.
    #[error("the unit was rolled back because one of its statements had failed: {first}")]
    Aborted {
        /// The failure.
        first: Box<StoreError>,
    },
    /// Exactly one row was expected.
    #[error("no such row; statement: {sql}")]
    NoRow {
        /// The text of the statement.
        sql: &'static str,
    },
    /// A column holds something else than was asked for.
    #[error("column {index} does not hold {expected}")]
    Column {
        /// Counted from 0.
        index: usize,
        /// What was asked for.
        expected: &'static str,
    },
    /// A write was tried inside a read.
    #[error("a read can't write")]
    WriteInRead,
    /// A number that doesn't fit into a BIGINT.
    #[error("number {0} does not fit into a 64-bit column")]
    NumberTooLarge(u64),
    /// The key does not open the file, or the file is no database.
    #[error("the database can't be opened with this key: wrong passphrase, or the file is damaged")]
    WrongKey,
    /// The database is damaged.
    #[error("the database is damaged: {reason}; restore a backup")]
    Corrupt {
        /// What the engine said.
        reason: Arc<str>,
    },
    /// The ledger and its checkpoints contradict each other; writes are refused until an operator acknowledges it.
    #[error("the ledger does not fit its checkpoints: {0}")]
    Ledger(LedgerState),
    /// Sealing or reading an entry failed.
    #[error("the ledger can't go on: {0}")]
    Sealing(Arc<str>),
    /// The schema does not fit this program.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The options make no sense.
    #[error("the store's configuration is wrong: {0}")]
    Configuration(Arc<str>),
    /// A file beside the database can't be used.
    #[error("{what}: {reason}")]
    File {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        reason: Arc<str>,
    },
}

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    pub(crate) fn file(what: &'static str, error: &std::io::Error) -> Self {
        Self::File {
            what,
            reason: error.to_string().into(),
        }
    }

    /// Whether what is on disk can't be known any more, so that the process has to end.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Poisoned { .. } | Self::Corrupt { .. })
    }
}
