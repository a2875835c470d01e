//! Counters for the metrics page.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

#[derive(Default)]
pub(crate) struct Stats {
    units: AtomicU64,
    batches: AtomicU64,
    reruns: AtomicU64,
    commit_micros: AtomicU64,
    slowest_unit_micros: AtomicU64,
    wal_checkpoints: AtomicU64,
    wal_checkpoint_micros: AtomicU64,
}

/// What the store has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Units of work answered after a commit, and reads on PostgreSQL.
    pub units: u64,
    /// Commits; on SQLite one for many units.
    pub batches: u64,
    /// Batches or units that ran more than once.
    pub reruns: u64,
    /// Time from the first statement to the end of the commit, summed over batches.
    pub commit_micros: u64,
    /// The longest that one closure held the writer.
    pub slowest_unit_micros: u64,
    /// How often the write-ahead log was copied into the file.
    pub wal_checkpoints: u64,
    /// The time that took.
    pub wal_checkpoint_micros: u64,
    /// Units that wait now.
    pub waiting: usize,
}

/// A closure that holds the writer for longer than this is worth a warning.
const SLOW_UNIT: Duration = Duration::from_millis(250);

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Stats {
    pub(crate) fn count_batch(&self, units: usize, took: Duration) {
        self.units.fetch_add(units as u64, Relaxed);
        self.batches.fetch_add(1, Relaxed);
        self.commit_micros.fetch_add(micros(took), Relaxed);
    }

    pub(crate) fn count_rerun(&self) {
        self.reruns.fetch_add(1, Relaxed);
    }

    pub(crate) fn note_unit(&self, took: Duration) {
        self.slowest_unit_micros.fetch_max(micros(took), Relaxed);
        if took > SLOW_UNIT {
            tracing::warn!(
                millis = took.as_millis(),
                "a unit of work held the writer for long"
            );
        }
    }

    pub(crate) fn note_wal_checkpoint(&self, took: Duration) {
        self.wal_checkpoints.fetch_add(1, Relaxed);
        self.wal_checkpoint_micros.fetch_add(micros(took), Relaxed);
    }

    pub(crate) fn snapshot(&self, waiting: usize) -> StoreStats {
        StoreStats {
            units: self.units.load(Relaxed),
            batches: self.batches.load(Relaxed),
            reruns: self.reruns.load(Relaxed),
            commit_micros: self.commit_micros.load(Relaxed),
            slowest_unit_micros: self.slowest_unit_micros.load(Relaxed),
            wal_checkpoints: self.wal_checkpoints.load(Relaxed),
            wal_checkpoint_micros: self.wal_checkpoint_micros.load(Relaxed),
            waiting,
        }
    }
}
