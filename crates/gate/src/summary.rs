//! What needs an operator, and how things are: bounded look-ups, for a page that is opened often.

use std::{sync::Arc, time::Duration};

use countersign_domain::{
    Key, Kill, KillScope, Permission, RequestState, TargetId, Timestamp, Urgency,
};
use countersign_store::{
    audit, checkpoints, requests,
    search::{self, HourCount},
};

use crate::{audit::LastVerification, context::OpCx, error::Result, gate::Gate, health::Problem};

/// What counts as recent.
const RECENT: Duration = Duration::from_hours(24);

/// The most failures of each state that are counted.
const FAILURES: u32 = 5_000;

/// The most targets and keys that are named.
const NAMED: usize = 20;

/// What needs an operator, and how things are.
#[derive(Debug, Clone)]
pub struct Summary {
    /// When this was put together.
    pub at: Timestamp,
    /// What waits for a human, the most urgent first, zeros included.
    pub pending: Vec<PendingCount>,
    /// Executions that run now.
    pub running: usize,
    /// The switches that are pulled, oldest first, with the names of what they stop.
    pub kills: Vec<(Kill, Option<String>)>,
    /// Keys that were revoked in the last 24 hours, newest first; the first 20.
    pub revoked_keys: Vec<Arc<Key>>,
    /// Targets whose executions failed, of requests of the last 24 hours; the first 20.
    pub failures: Vec<TargetFailures>,
    /// The ledger.
    pub ledger: LedgerSummary,
    /// Requests by hour and verdict, of the last 24 hours and the hour that they begin in.
    pub hours: Vec<HourCount>,
    /// What keeps the gate from working; none is ready.
    pub problems: Vec<Problem>,
    /// How many agents there are.
    pub agents: usize,
    /// How many targets there are.
    pub targets: usize,
}

/// What waits for a human with one urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingCount {
    /// The urgency.
    pub urgency: Urgency,
    /// How many.
    pub count: u64,
    /// Since when the oldest waits.
    pub oldest_at: Option<Timestamp>,
}

/// Executions on one target that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFailures {
    /// The target.
    pub target: TargetId,
    /// Its name; its id once it is removed.
    pub target_name: String,
    /// How many failed.
    pub failed: u64,
    /// How many have an unknown outcome: a human has to find out.
    pub unknown: u64,
    /// When the last of them ended.
    pub last_at: Timestamp,
}

/// How the ledger is.
#[derive(Debug, Clone)]
pub struct LedgerSummary {
    /// Whether it fits its checkpoints, in words.
    pub state: String,
    /// Whether it takes entries.
    pub takes_entries: bool,
    /// How many entries there have been.
    pub entries: u64,
    /// The position of the first entry that was not pruned; that of the next where none is left.
    pub oldest_position: u64,
    /// The last verification since the gateway started.
    pub verification: Option<LastVerification>,
    /// When the last of them was written.
    pub last_entry_at: Option<Timestamp>,
    /// The size and time of the last checkpoint.
    pub checkpoint: Option<(u64, Timestamp)>,
    /// How long the oldest entry has waited for its place.
    pub unsealed_age: Duration,
}

impl Gate {
    /// What needs an operator, and how things are.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn summary(&self, cx: &OpCx) -> Result<Summary> {
        cx.require(Permission::ConfigRead)?;
        let now = self.now();
        let since = now.saturating_sub(RECENT);
        let store = &self.inner.workspace.store;
        let (pending, failures, hours, extent, last, checkpoint) = store
            .read(move |tx| -> Result<_> {
                let extent = audit::extent(tx)?;
                let last = match extent.next.checked_sub(1) {
                    Some(position) => audit::get(tx, position)?,
                    None => None,
                };
                Ok((
                    requests::pending_by_urgency(tx)?,
                    requests::failures_since(tx, since, FAILURES)?,
                    search::hours_since(tx, since)?,
                    extent,
                    last,
                    checkpoints::last(tx)?,
                ))
            })
            .await?;
        let state = store.ledger_state();
        let snapshot = self.snapshot();
        let mut revoked_keys: Vec<Arc<Key>> = snapshot
            .keys
            .sorted()
            .into_iter()
            .filter(|key| key.revoked_at.is_some_and(|at| at >= since))
            .collect();
        revoked_keys.sort_by_key(|key| std::cmp::Reverse(key.revoked_at));
        revoked_keys.truncate(NAMED);
        Ok(Summary {
            at: now,
            pending: pending
                .into_iter()
                .map(|(urgency, count, oldest_at)| PendingCount {
                    urgency,
                    count,
                    oldest_at,
                })
                .collect(),
            running: self.inner.running.count(),
            kills: self
                .kills(cx)?
                .into_iter()
                .map(|kill| (self.killed_name(kill.scope), kill))
                .map(|(name, kill)| (kill, name))
                .collect(),
            revoked_keys,
            failures: self.by_target(failures),
            ledger: LedgerSummary {
                state: state.to_string(),
                takes_entries: !state.refuses_writes(),
                entries: extent.next,
                oldest_position: extent.first,
                verification: self.last_verification().clone(),
                last_entry_at: last.map(|sealed| sealed.entry.at),
                checkpoint: checkpoint.map(|stored| (stored.size, stored.at)),
                unsealed_age: store.oldest_unsealed_age(),
            },
            hours,
            problems: self.health().problems,
            agents: snapshot.agents.len(),
            targets: snapshot.targets.sorted().len(),
        })
    }

    /// The name of what a switch stops; `None` for everything, and once it is removed.
    pub fn killed_name(&self, scope: KillScope) -> Option<String> {
        let snapshot = self.snapshot();
        match scope {
            KillScope::All => None,
            KillScope::Agent(id) => snapshot.agents.get(id).map(|agent| agent.name.to_string()),
            KillScope::Target(id) => snapshot
                .targets
                .get(id)
                .map(|target| target.name.to_string()),
        }
    }

    fn by_target(
        &self,
        counted: Vec<(TargetId, RequestState, u64, Timestamp)>,
    ) -> Vec<TargetFailures> {
        let snapshot = self.snapshot();
        let mut all: Vec<TargetFailures> = Vec::new();
        for (target, state, count, last_at) in counted {
            let index = all
                .iter()
                .position(|failures| failures.target == target)
                .unwrap_or_else(|| {
                    all.push(TargetFailures {
                        target,
                        target_name: snapshot
                            .targets
                            .get(target)
                            .map_or_else(|| target.to_string(), |target| target.name.to_string()),
                        failed: 0,
                        unknown: 0,
                        last_at,
                    });
                    all.len() - 1
                });
            let failures = &mut all[index];
            failures.last_at = failures.last_at.max(last_at);
            if state == RequestState::Unknown {
                failures.unknown += count;
            } else {
                failures.failed += count;
            }
        }
        all.sort_by_key(|failures| {
            std::cmp::Reverse((failures.unknown, failures.failed, failures.last_at))
        });
        all.truncate(NAMED);
        all
    }
}
