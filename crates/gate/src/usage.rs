//! When each key was last used and how often: kept in memory on the hot path, written once a minute, a row per key and hour.
//!
//! Approximate by design: another replica's last minute may be missing, and what a crash takes away is at most a minute. A call that
//! was refused for its rate is none.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_domain::{AgentId, KeyId, KeyOwner, Permission, Timestamp};
use countersign_store::keys;

use crate::{
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
};

/// How often it is written.
pub(crate) const FLUSH_PERIOD: Duration = Duration::from_mins(1);

/// Keys in one unit of work.
const BATCH: usize = 200;

/// How long calls are kept by the hour.
const KEPT_DAYS: i64 = 90;
const HOURS_OF_DAY: i64 = 24;
const HOUR_MICROS: i64 = 3_600_000_000;

/// The calls of one key in one hour that are not written yet.
#[derive(Debug, Clone, Copy)]
struct Calls {
    count: u64,
    last: Timestamp,
}

/// What was used since the last writing, by key and hour since 1970.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<HashMap<(KeyId, i64), Calls>>);

fn hour(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(HOUR_MICROS)
}

impl Usage {
    /// A key is used. The lock is held for one change of the map.
    pub(crate) fn note(&self, key: KeyId, at: Timestamp) {
        self.add(key, hour(at), Calls { count: 1, last: at });
    }

    fn add(&self, key: KeyId, hour: i64, more: Calls) {
        let mut used = self.lock();
        let calls = used
            .entry((key, hour))
            .or_insert(Calls { count: 0, ..more });
        calls.count += more.count;
        calls.last = calls.last.max(more.last);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(KeyId, i64), Calls>> {
        // Every change is one entry: a panic elsewhere can't leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is not written yet, of all keys since an hour.
    fn since(&self, first: i64) -> Vec<(KeyId, i64, u64)> {
        let used = self.lock();
        let recent = used.iter().filter(|((_, hour), _)| *hour >= first);
        recent
            .map(|((key, hour), calls)| (*key, *hour, calls.count))
            .collect()
    }
}

/// How often a key was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUsage {
    /// When last.
    pub last_used_at: Option<Timestamp>,
    /// Calls in the last 24 hours: in this hour and the 23 before it.
    pub last_day: u64,
    /// Calls by day in UTC, oldest first, of the last 30 days; a day is its number since 1970. Days without a call are left out.
    pub days: Vec<(i64, u64)>,
}

/// Days in [`KeyUsage::days`].
const SHOWN_DAYS: i64 = 30;

/// When keys and agents were last used.
#[derive(Debug, Clone, Default)]
pub struct LastUsed {
    keys: HashMap<KeyId, Timestamp>,
    agents: HashMap<AgentId, Timestamp>,
}

impl LastUsed {
    /// When a key was.
    pub fn key(&self, id: KeyId) -> Option<Timestamp> {
        self.keys.get(&id).copied()
    }

    /// When any key of an agent was.
    pub fn agent(&self, id: AgentId) -> Option<Timestamp> {
        self.agents.get(&id).copied()
    }
}

impl Gate {
    /// When keys and agents were last used.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn last_used(&self, cx: &OpCx) -> Result<LastUsed> {
        cx.require(Permission::ConfigRead)?;
        let stored = self
            .inner
            .workspace
            .store
            .read(|tx| keys::last_used(tx).map_err(Error::from))
            .await?;
        let mut used = LastUsed {
            keys: stored.into_iter().collect(),
            agents: HashMap::new(),
        };
        for ((key, _), calls) in self.inner.usage.lock().iter() {
            let last = used.keys.entry(*key).or_insert(calls.last);
            *last = (*last).max(calls.last);
        }
        let snapshot = self.snapshot();
        for (id, at) in &used.keys {
            if let Some(key) = snapshot.keys.get(*id)
                && let KeyOwner::Agent(agent) = key.owner
            {
                let last = used.agents.entry(agent).or_insert(*at);
                *last = (*last).max(*at);
            }
        }
        Ok(used)
    }

    /// How often a key was used, by id or name.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `ambiguous_name`.
    pub async fn key_usage(&self, cx: &OpCx, id_or_name: &str) -> Result<KeyUsage> {
        let id = self.key(cx, id_or_name)?.id;
        let last_used_at = self.last_used(cx).await?.key(id);
        let now = hour(self.now());
        let first = (now.div_euclid(HOURS_OF_DAY) - SHOWN_DAYS + 1) * HOURS_OF_DAY;
        let unwritten = self.inner.usage.since(first);
        let unwritten = unwritten
            .into_iter()
            .filter(|(key, ..)| *key == id)
            .map(|(_, hour, count)| (hour, count));
        let mut hours = self
            .inner
            .workspace
            .store
            .read(move |tx| keys::calls_since(tx, id, first).map_err(Error::from))
            .await?;
        hours.extend(unwritten);
        let recent = hours.iter().filter(|(hour, _)| *hour > now - HOURS_OF_DAY);
        let last_day = recent.map(|(_, count)| count).sum();
        let mut days = BTreeMap::new();
        for (hour, count) in hours {
            *days.entry(hour.div_euclid(HOURS_OF_DAY)).or_insert(0) += count;
        }
        Ok(KeyUsage {
            last_used_at,
            last_day,
            days: days.into_iter().collect(),
        })
    }

    /// Every key's calls in the last 24 hours; keys without one are left out.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn calls_of_last_day(&self, cx: &OpCx) -> Result<HashMap<KeyId, u64>> {
        cx.require(Permission::ConfigRead)?;
        let first = hour(self.now()) - HOURS_OF_DAY + 1;
        let unwritten = self.inner.usage.since(first);
        let written = self
            .inner
            .workspace
            .store
            .read(move |tx| keys::calls_of_all_since(tx, first).map_err(Error::from))
            .await?;
        let mut calls = HashMap::new();
        for (key, _, count) in written.into_iter().chain(unwritten) {
            *calls.entry(key).or_insert(0) += count;
        }
        Ok(calls)
    }

    /// Writes what was used, at most a row for each key and hour in it. What can't be written is kept for the next time.
    pub(crate) async fn flush_usage(&self) {
        let used: Vec<((KeyId, i64), Calls)> = std::mem::take(&mut *self.inner.usage.lock())
            .into_iter()
            .collect();
        let oldest = hour(self.now()) - KEPT_DAYS * HOURS_OF_DAY;
        for batch in used.chunks(BATCH) {
            let batch = batch.to_vec();
            let unit = batch.clone();
            let written = self
                .inner
                .workspace
                .store
                .write(move |tx| -> Result<()> {
                    for ((key, hour), calls) in &unit {
                        keys::touch(tx, *key, calls.last)?;
                        keys::add_calls(tx, *key, *hour, calls.count)?;
                    }
                    keys::forget_calls_before(tx, oldest)?;
                    Ok(())
                })
                .await;
            if let Err(error) = written {
                tracing::warn!(%error, "when keys were last used could not be written; it is tried again");
                for ((key, hour), calls) in batch {
                    self.inner.usage.add(key, hour, calls);
                }
            }
        }
    }
}
