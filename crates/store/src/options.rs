//! How a store is opened.

use std::{path::PathBuf, sync::Arc, time::Duration};

use countersign_domain::{InstanceId, Timestamp};
use countersign_vault::{SecretString, Vault};

/// A clock that the owner of the store gives it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Which engine, and its settings.
#[derive(Debug, Clone)]
pub enum EngineOptions {
    /// One SQLCipher file.
    Sqlite(SqliteOptions),
    /// A PostgreSQL database.
    Postgres(PostgresOptions),
}

/// A SQLCipher file.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database file. Its folder exists and is locked by [`crate::DataDirLock`].
    pub path: PathBuf,
    /// Threads that read, 2 to 4.
    pub readers: usize,
    /// The most units in one commit.
    pub batch_units: usize,
    /// Memory for pages of the writer, in KiB; each reader gets a quarter.
    pub cache_kib: u32,
    /// The write-ahead log is copied into the file from this many pages on.
    pub wal_pages: u32,
    /// The largest size of the database in pages; `None` leaves it to the disk.
    pub max_pages: Option<u32>,
}

impl SqliteOptions {
    /// The defaults for a file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 2,
            batch_units: 256,
            cache_kib: 8 * 1024,
            wal_pages: 2_000,
            max_pages: None,
        }
    }
}

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host/database?sslmode=require`.
    pub url: Arc<SecretString>,
    /// Connections for units of work; one more belongs to the sealer.
    pub connections: usize,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long a unit waits for a lost connection to come back.
    pub patience: Duration,
    /// The most tries of a unit that conflicts with others.
    pub attempts: u32,
    /// The name of this process among the replicas.
    pub instance: InstanceId,
}

impl PostgresOptions {
    /// The defaults for a connection string.
    pub fn new(url: SecretString, instance: InstanceId) -> Self {
        Self {
            url: Arc::new(url),
            connections: 8,
            connect_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(5),
            attempts: 12,
            instance,
        }
    }
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PostgresOptions")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// The ledger's habits.
#[derive(Debug, Clone)]
pub struct LedgerOptions {
    /// The name in front of checkpoints: which ledger is signed.
    pub origin: String,
    /// The file that checkpoints are appended to, outside of the database; `None` for a store that nobody has to trust later.
    pub notes_path: Option<PathBuf>,
    /// A checkpoint at the latest after this many entries.
    pub checkpoint_entries: u64,
    /// A checkpoint at the latest after this time, if there was anything new.
    pub checkpoint_interval: Duration,
}

impl LedgerOptions {
    /// A checkpoint every 10,000 entries and every 60 seconds.
    pub fn new(origin: impl Into<String>, notes_path: Option<PathBuf>) -> Self {
        Self {
            origin: origin.into(),
            notes_path,
            checkpoint_entries: 10_000,
            checkpoint_interval: Duration::from_mins(1),
        }
    }
}

/// Everything [`crate::Store::open`] needs.
#[derive(Clone)]
pub struct Options {
    /// The engine.
    pub engine: EngineOptions,
    /// The ledger.
    pub ledger: LedgerOptions,
    /// The keys: of the file, of the entries' MACs, of the checkpoints.
    pub vault: Vault,
    /// The clock for checkpoints and leases.
    pub clock: Clock,
    /// Whether pending migrations are run; otherwise they are refused.
    pub migrate: bool,
    /// Units that may wait in the queue.
    pub queue_units: usize,
    /// How long a caller waits for a place in the queue.
    pub queue_patience: Duration,
}

impl Options {
    /// The defaults: migrations are run, 1,024 places, 5 seconds.
    pub fn new(engine: EngineOptions, ledger: LedgerOptions, vault: Vault, clock: Clock) -> Self {
        Self {
            engine,
            ledger,
            vault,
            clock,
            migrate: true,
            queue_units: 1_024,
            queue_patience: Duration::from_secs(5),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Options")
            .field("engine", &self.engine)
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}
