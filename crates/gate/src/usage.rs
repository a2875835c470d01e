//! When each key was last used: kept in memory on the hot path, written once a minute.
//!
//! Approximate by design: another replica's last minute may be missing, and what a crash takes away is at most a minute.

use std::{
    collections::HashMap,
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

/// What was used since the last writing.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<HashMap<KeyId, Timestamp>>);

impl Usage {
    /// A key is used. Where another thread holds the map the moment is left out: the next use is as good.
    pub(crate) fn note(&self, key: KeyId, at: Timestamp) {
        if let Ok(mut used) = self.0.try_lock() {
            used.insert(key, at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        for (key, at) in self.inner.usage.lock().iter() {
            let last = used.keys.entry(*key).or_insert(*at);
            *last = (*last).max(*at);
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

    /// Writes what was used. What can't be written is kept for the next time.
    pub(crate) async fn flush_usage(&self) {
        let used: Vec<(KeyId, Timestamp)> = std::mem::take(&mut *self.inner.usage.lock())
            .into_iter()
            .collect();
        for batch in used.chunks(BATCH) {
            let batch = batch.to_vec();
            let unit = batch.clone();
            let written = self
                .inner
                .workspace
                .store
                .write(move |tx| -> Result<()> {
                    for (key, at) in &unit {
                        keys::touch(tx, *key, *at)?;
                    }
                    Ok(())
                })
                .await;
            if let Err(error) = written {
                tracing::warn!(%error, "when keys were last used could not be written; it is tried again");
                let mut now = self.inner.usage.lock();
                for (key, at) in batch {
                    now.entry(key).or_insert(at);
                }
            }
        }
    }
}
