//! Whether the gate can do its work, and what it has done so far.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use countersign_domain::RequestState;
use countersign_store::{StoreStats, requests};
use serde::Serialize;

use crate::{
    error::{Error, Result},
    gate::Gate,
};

/// Rows that wait longer than this for their place in the ledger are a fault.
const UNSEALED_LIMIT: Duration = Duration::from_secs(1);

/// One thing that keeps the gate from working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable, `snake_case`.
    pub code: &'static str,
    /// For operators.
    pub detail: String,
}

/// Whether the gate can do its work. No problem means ready.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Health {
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Health {
    /// Whether actions can be submitted.
    pub fn is_ready(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Counters of the pipeline. Relaxed: they are read for graphs, never for decisions.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) allowed: AtomicU64,
    pub(crate) asked: AtomicU64,
    pub(crate) denied: AtomicU64,
    pub(crate) killed: AtomicU64,
    pub(crate) succeeded: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) webhooks_delivered: AtomicU64,
    pub(crate) webhooks_retried: AtomicU64,
    pub(crate) webhooks_given_up: AtomicU64,
}

impl Counters {
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_outcome(&self, state: RequestState) {
        match state {
            RequestState::Succeeded => Self::count(&self.succeeded),
            RequestState::Failed => Self::count(&self.failed),
            RequestState::Unknown => Self::count(&self.unknown),
            _ => {}
        }
    }
}

/// What the gate has done since it was started, and where it stands.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Decisions since the start, by verdict; `killed` for refusals by the kill switch.
    pub decisions: [(&'static str, u64); 4],
    /// Executions since the start, by how they ended.
    pub executions: [(&'static str, u64); 3],
    /// Attempts to deliver webhooks since the start, by how they ended: taken, to be tried again, given up.
    pub deliveries: [(&'static str, u64); 3],
    /// Executions that run now.
    pub running: usize,
    /// Requests that still move, by state.
    pub live: Vec<(RequestState, u64)>,
    /// The configuration epoch.
    pub epoch: u64,
    /// How long the oldest entry has waited for its place in the ledger.
    pub unsealed_age: Duration,
    /// The store's own counters.
    pub store: StoreStats,
}

impl Gate {
    /// Whether the gate can do its work. Cheap: it looks at what is known and writes nothing.
    pub fn health(&self) -> Health {
        let store = &self.inner.workspace.store;
        let mut problems = Vec::new();
        let mut found = |code, detail: String| problems.push(Problem { code, detail });
        if let Some(reason) = store.failure() {
            found("store_failed", reason.to_string());
        }
        let ledger = store.ledger_state();
        if ledger.refuses_writes() {
            found("ledger_contradicts_checkpoints", ledger.to_string());
        }
        if let Some(error) = store.notes_error() {
            found("checkpoint_not_written", error.to_string());
        }
        let age = store.oldest_unsealed_age();
        if age > UNSEALED_LIMIT {
            found(
                "entries_unsealed",
                format!(
                    "the oldest entry has waited {} ms for its place in the ledger",
                    age.as_millis()
                ),
            );
        }
        if let Err(error) = self.fresh_snapshot() {
            found(error.code, error.to_string());
        }
        if let Some(reason) = self
            .inner
            .write_fault
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
        {
            found("store_refuses_writes", reason);
        }
        Health { problems }
    }

    /// What the gate has done since it was started.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn metrics(&self) -> Result<Metrics> {
        let live = self
            .inner
            .workspace
            .store
            .read(|tx| requests::count_live(tx).map_err(Error::from))
            .await?;
        let counters = &self.inner.counters;
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        Ok(Metrics {
            decisions: [
                ("allow", get(&counters.allowed)),
                ("ask", get(&counters.asked)),
                ("deny", get(&counters.denied)),
                ("killed", get(&counters.killed)),
            ],
            executions: [
                ("succeeded", get(&counters.succeeded)),
                ("failed", get(&counters.failed)),
                ("unknown", get(&counters.unknown)),
            ],
            deliveries: [
                ("success", get(&counters.webhooks_delivered)),
                ("retry", get(&counters.webhooks_retried)),
                ("failed", get(&counters.webhooks_given_up)),
            ],
            running: self.inner.running.count(),
            live,
            epoch: self.snapshot().epoch,
            unsealed_age: self.inner.workspace.store.oldest_unsealed_age(),
            store: self.inner.workspace.store.stats(),
        })
    }
}
