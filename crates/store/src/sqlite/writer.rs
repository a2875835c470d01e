//! The writer thread: many units, one commit.
//!
//! Units of a batch run one after the other in one transaction. The first try uses no savepoints, because each costs two statements
//! and an encrypted copy of every page that the unit touches: a unit that fails before it wrote anything simply leaves no trace. If a
//! unit fails after it wrote, the whole batch is rolled back and run again with a savepoint per unit. Nothing is answered before the
//! one COMMIT at the end.

use std::{sync::Arc, time::Instant};

use super::session::{Connected, SqliteSession};
use crate::{
    error::{Result, StoreError},
    ledger::LedgerWriter,
    queue::{Access, Pace, Queue, Queued, Taken},
    shared::Shared,
    tx::{Scope, Session, Tx},
    unit::{Ran, Unit, finish_caught, run_caught},
};

/// How the writer works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriterSettings {
    /// The most units in one commit.
    pub(crate) batch_units: usize,
    /// The write-ahead log is copied into the database file when it has this many pages.
    pub(crate) wal_pages: i64,
}

/// How a unit of the batch ended before the commit.
enum Fate {
    /// Stands or falls with the commit.
    Commits,
    /// Its closure returned an error of its own.
    Refused,
    /// Answered with this.
    Failed(StoreError),
}

/// Why a batch as a whole did not commit.
enum Stop {
    /// A unit left changes that have to go: once more, with savepoints.
    Again,
    /// Nobody's effect stands.
    All(StoreError),
}

pub(crate) struct Writer<'conn> {
    connected: Connected<'conn>,
    scope: Scope,
    fates: Vec<Fate>,
    epoch: u64,
    ledger: LedgerWriter,
    shared: Arc<Shared>,
    settings: WriterSettings,
    commits_since_wal_look: u32,
}

/// The write-ahead log's length is looked at every so many commits.
const COMMITS_PER_WAL_LOOK: u32 = 8;

impl<'conn> Writer<'conn> {
    pub(crate) fn new(
        connected: Connected<'conn>,
        epoch: u64,
        ledger: LedgerWriter,
        shared: Arc<Shared>,
        settings: WriterSettings,
    ) -> Self {
        Self {
            connected,
            scope: Scope::default(),
            fates: Vec::with_capacity(settings.batch_units),
            epoch,
            ledger,
            shared,
            settings,
            commits_since_wal_look: 0,
        }
    }

    /// Serves writes until the queue is closed and empty, then writes the last checkpoint and empties the write-ahead log.
    pub(crate) fn run(mut self, queue: &Queue) {
        let mut taken: Vec<Queued> = Vec::with_capacity(self.settings.batch_units);
        let mut units: Vec<Box<dyn Unit>> = Vec::with_capacity(self.settings.batch_units);
        let mut last = 0;
        loop {
            let timeout = self.ledger.until_checkpoint();
            // A caller that was alone the last time is not kept waiting for others.
            let pace = if last > 1 { Pace::Gather } else { Pace::Now };
            match queue.take(&mut taken, self.settings.batch_units, timeout, pace) {
                Taken::Closed => break,
                Taken::Timeout => {}
                Taken::Units => {
                    last = taken.len();
                    units.extend(taken.drain(..).map(|queued| queued.unit));
                }
            }
            self.serve(&mut units, false);
        }
        if self.shared.failure().is_none() {
            self.serve(&mut units, true);
            drop(self.connected.query(
                crate::tx::Text::Fixed("PRAGMA wal_checkpoint(TRUNCATE)"),
                &[],
                &mut |_| true,
            ));
        }
    }

    fn serve(&mut self, units: &mut Vec<Box<dyn Unit>>, closing: bool) {
        if let Some(error) = self.shared.refuses_writes() {
            for unit in units.drain(..) {
                finish_caught(unit, Some(error.clone()));
            }
            return;
        }
        let started = Instant::now();
        let closing = closing || self.shared.wants_checkpoint();
        let count = units.len();
        let mut outcome = self.batch(units, false, closing);
        if let Err(Stop::Again) = outcome {
            self.roll_back();
            self.shared.stats.count_rerun();
            outcome = self.batch(units, true, closing);
        }
        match outcome {
            Ok(()) => {
                self.epoch = self.scope.epoch.unwrap_or(self.epoch);
                self.shared.publish_epoch(self.epoch);
                for (unit, fate) in units.drain(..).zip(self.fates.drain(..)) {
                    match fate {
                        Fate::Commits | Fate::Refused => finish_caught(unit, None),
                        Fate::Failed(error) => finish_caught(unit, Some(error)),
                    }
                }
                self.shared.stats.count_batch(count, started.elapsed());
                self.ledger.committed(&self.shared);
                self.tend_wal();
            }
            Err(stop) => {
                let error = match stop {
                    Stop::All(error) => error,
                    Stop::Again => StoreError::NotDurable {
                        reason: "the batch could not be isolated".into(),
                    },
                };
                let clean = self.roll_back();
                self.ledger.rolled_back();
                let error = self.judge(error, clean);
                for unit in units.drain(..) {
                    finish_caught(unit, Some(error.clone()));
                }
                self.fates.clear();
            }
        }
    }

    /// Decides whether the store can go on after a batch was lost.
    fn judge(&self, error: StoreError, clean: bool) -> StoreError {
        let fatal = match &error {
            StoreError::Poisoned { reason } | StoreError::Corrupt { reason } => {
                Some(Arc::clone(reason))
            }
            _ if !clean => Some(format!("the rollback after `{error}` failed").into()),
            _ => None,
        };
        if let Some(reason) = fatal {
            tracing::error!(%reason, "the store stops: what is on disk is not known");
            self.shared.fail(&reason);
            return StoreError::NotDurable { reason };
        }
        error
    }

    fn roll_back(&mut self) -> bool {
        self.connected.connection.is_autocommit() || self.connected.control("ROLLBACK").is_ok()
    }

    /// Runs the units, seals their entries and commits.
    fn batch(
        &mut self,
        units: &mut [Box<dyn Unit>],
        savepoints: bool,
        closing: bool,
    ) -> Result<(), Stop> {
        self.fates.clear();
        self.scope.entries.clear();
        self.scope.epoch = Some(self.epoch);
        self.connected
            .control("BEGIN IMMEDIATE")
            .map_err(Stop::All)?;
        let alone = units.len() == 1;
        for unit in units {
            let fate = self.one(&mut **unit, savepoints, alone)?;
            self.fates.push(fate);
        }
        self.seal(closing)?;
        self.connected
            .control("COMMIT")
            .map_err(|error| Stop::All(not_durable(error)))
    }

    fn one(&mut self, unit: &mut dyn Unit, savepoints: bool, alone: bool) -> Result<Fate, Stop> {
        let connection = self.connected.connection;
        if savepoints {
            self.connected
                .control("SAVEPOINT unit")
                .map_err(Stop::All)?;
        }
        let changes = connection.total_changes();
        let entries = self.scope.entries.len();
        let epoch = self.scope.epoch;
        self.scope.failure = None;
        let started = Instant::now();
        let mut tx = Tx::new(
            Session::Sqlite(&mut self.connected),
            &mut self.scope,
            Access::Write,
            &self.shared.mac,
        );
        let ran = run_caught(unit, &mut tx);
        self.shared.stats.note_unit(started.elapsed());
        let failure = self.scope.failure.take();
        if let Some(error) = &failure
            && matches!(
                error,
                StoreError::Poisoned { .. }
                    | StoreError::Corrupt { .. }
                    | StoreError::DiskFull
                    | StoreError::ReadOnly
            )
        {
            return Err(Stop::All(error.clone()));
        }
        if connection.is_autocommit() {
            // The engine itself rolled everything back, or a closure ended the transaction that wasn't its own.
            let reason = failure.map_or_else(
                || "the transaction ended inside a unit".into(),
                |error| error.to_string().into(),
            );
            return Err(Stop::All(StoreError::NotDurable { reason }));
        }
        let fate = match (ran, failure) {
            (Ran::Ready, None) => {
                if savepoints {
                    self.connected.control("RELEASE unit").map_err(Stop::All)?;
                }
                return Ok(Fate::Commits);
            }
            (Ran::Ready, Some(first)) => Fate::Failed(StoreError::Aborted {
                first: Box::new(first),
            }),
            (Ran::Refused, _) => Fate::Refused,
            (Ran::Panicked(error), _) => Fate::Failed(error),
        };
        self.scope.entries.truncate(entries);
        self.scope.epoch = epoch;
        if savepoints {
            self.connected
                .control("ROLLBACK TO unit")
                .map_err(Stop::All)?;
            self.connected.control("RELEASE unit").map_err(Stop::All)?;
        } else if connection.total_changes() != changes {
            if !alone {
                return Err(Stop::Again);
            }
            // The only unit of its batch: rolling the transaction back is enough; an empty one is committed in its place.
            self.connected.control("ROLLBACK").map_err(Stop::All)?;
            self.connected
                .control("BEGIN IMMEDIATE")
                .map_err(Stop::All)?;
        }
        Ok(fate)
    }

    fn seal(&mut self, closing: bool) -> Result<(), Stop> {
        let Self {
            scope,
            connected,
            ledger,
            shared,
            ..
        } = self;
        if scope.entries.is_empty() && !ledger.checkpoint_due(closing) {
            return Ok(());
        }
        let mut entries = std::mem::take(&mut scope.entries);
        let mut tx = Tx::new(
            Session::Sqlite(connected),
            scope,
            Access::Write,
            &shared.mac,
        );
        let sealed = ledger.seal(&mut tx, &mut entries, closing);
        entries.clear();
        scope.entries = entries;
        sealed.map_err(|error| Stop::All(not_durable(error)))
    }

    /// Copies the write-ahead log into the file when it has grown: here and not inside a COMMIT, because SQLite keeps an error of the
    /// automatic checkpoint to itself, and a failed fsync has to stop the store.
    fn tend_wal(&mut self) {
        self.commits_since_wal_look += 1;
        if self.commits_since_wal_look < COMMITS_PER_WAL_LOOK {
            return;
        }
        self.commits_since_wal_look = 0;
        let mut pages = 0;
        let look = self.connected.query(
            crate::tx::Text::Fixed("PRAGMA wal_checkpoint(NOOP)"),
            &[],
            &mut |row| {
                pages = row.i64(1).unwrap_or(0) - row.i64(2).unwrap_or(0).max(0);
                false
            },
        );
        let result = if look.is_ok() && pages >= self.settings.wal_pages {
            let started = Instant::now();
            let result = self.connected.query(
                crate::tx::Text::Fixed("PRAGMA wal_checkpoint(PASSIVE)"),
                &[],
                &mut |_| false,
            );
            self.shared.stats.note_wal_checkpoint(started.elapsed());
            result
        } else {
            look
        };
        if let Err(StoreError::Poisoned { reason } | StoreError::Corrupt { reason }) = result {
            tracing::error!(%reason, "copying the write-ahead log failed: the store stops");
            self.shared.fail(&reason);
        }
    }
}

/// A failure of the commit itself, as its units are told. What poisons or can be mended keeps its name.
fn not_durable(error: StoreError) -> StoreError {
    match error {
        StoreError::Poisoned { .. }
        | StoreError::Corrupt { .. }
        | StoreError::DiskFull
        | StoreError::ReadOnly => error,
        other => StoreError::NotDurable {
            reason: other.to_string().into(),
        },
    }
}
