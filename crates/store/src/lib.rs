//! Where everything that must survive is kept: SQLCipher or PostgreSQL behind one synchronous unit of work.
//!
//! [`Store::write`] runs a closure in a transaction and answers when it is on disk; [`Store::read`] runs one on a snapshot. Closures
//! are synchronous, so that nothing outside can be waited for while a transaction is open. The same closure, with the same SQL text,
//! runs on both engines. The ledger is part of it: [`Tx::append_entry`] gives an entry to the chain in the same transaction as the
//! rows that it is about.
//!
//! Invariants: acknowledged is durable; a unit that fails or panics takes nobody else's effect away; after an I/O error nothing is
//! written any more ([`Store::failed`]); positions in the ledger are gapless and given once; nothing is ever written as plaintext
//! into the SQLCipher file or its log. No secret and no bound value appears in an error.
//!
//! It never decides anything: what is allowed is the gate's business, and so are times and ids.

pub mod agents;
pub mod analytics;
pub mod audit;
pub mod checkpoints;
mod columns;
pub mod comments;
pub mod credentials;
pub mod delegations;
mod error;
pub mod escalations;
pub mod evidence;
pub mod grants;
pub mod history;
pub mod idempotency;
pub mod instances;
pub mod integration_keys;
pub mod keys;
pub mod kills;
mod ledger;
pub mod links;
mod lock;
pub mod migrate;
pub mod operators;
mod options;
pub mod outbox;
pub mod overrides;
pub mod policy_lists;
mod postgres;
pub mod profiles;
mod queue;
pub mod requests;
pub mod results;
pub mod rules;
pub mod scan_cases;
pub mod search;
pub mod sessions;
pub mod settings;
mod shared;
pub mod signins;
mod sqlite;
pub mod standing;
mod stats;
mod store;
pub mod targets;
pub mod tokens;
mod tx;
mod unit;
mod value;
pub mod vault_headers;
pub mod votes;
pub mod webhooks;

pub use error::{Result, StoreError};
pub use ledger::{
    LedgerState, LiveEntries, LiveSignal, NoteReader, NotesError, NotesFile, NotesFound,
    compare_notes, read_notes,
};
pub use lock::{DataDirLock, LOCK_FILE_NAME, LockError};
pub use options::{Clock, EngineOptions, LedgerOptions, Options, PostgresOptions, SqliteOptions};
pub use stats::StoreStats;
pub use store::Store;
pub use tx::{Engine, Tx};
pub use unit::WriteHandle;
pub use value::{Arg, Row};
