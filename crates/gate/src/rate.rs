//! Requests a minute per key: the generic cell rate algorithm, one number per key.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_domain::{KeyId, Timestamp};

const MINUTE_MICROS: i64 = 60_000_000;

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a minute.
    pub limit: u32,
    /// How many more are allowed now.
    pub remaining: u32,
    /// Until all of them are allowed again.
    pub reset: Duration,
    /// Until one is allowed again; zero when one is allowed now.
    pub retry_after: Duration,
}

/// When each key's budget would be whole again, in microseconds since 1970. A key that never asked is not in it.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<KeyId, i64>>);

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn standing(limit: u32, used: i64) -> RateLimit {
    let cost = cost(limit);
    let free = (MINUTE_MICROS - used).max(0);
    RateLimit {
        limit,
        remaining: u32::try_from(free / cost).unwrap_or(u32::MAX).min(limit),
        reset: duration(used),
        retry_after: duration(cost - free),
    }
}

fn cost(limit: u32) -> i64 {
    (MINUTE_MICROS / i64::from(limit.max(1))).max(1)
}

impl Rates {
    /// Takes one request out of a key's budget.
    ///
    /// # Errors
    /// Where the key stands, when nothing is left.
    pub(crate) fn take(
        &self,
        key: KeyId,
        limit: u32,
        now: Timestamp,
    ) -> Result<RateLimit, RateLimit> {
        // Every change is one insert: a panic elsewhere can't leave it half done.
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used(whole_at.get(&key).copied(), now);
        if used + cost(limit) > MINUTE_MICROS {
            // Written back for the clock that was set back: the wait begins now.
            whole_at.insert(key, now.as_micros().saturating_add(used));
            return Err(standing(limit, used));
        }
        let used = used + cost(limit);
        whole_at.insert(key, now.as_micros().saturating_add(used));
        Ok(standing(limit, used))
    }

    /// Where a key stands.
    pub(crate) fn look(&self, key: KeyId, limit: u32, now: Timestamp) -> RateLimit {
        let whole_at = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .copied();
        standing(limit, used(whole_at, now))
    }
}

/// How much of the minute is used. A clock that was set back can't make it more than the whole.
fn used(whole_at: Option<i64>, now: Timestamp) -> i64 {
    whole_at.map_or(0, |whole_at| {
        whole_at
            .saturating_sub(now.as_micros())
            .clamp(0, MINUTE_MICROS)
    })
}

#[cfg(test)]
mod tests;
