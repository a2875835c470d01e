//! Requests a minute per key: the generic cell rate algorithm, one number per key.
//!
//! What counts is behind [`RateLimiter`], so that several gateways can count in one place. Without one each gateway counts for itself, in
//! memory: with n gateways a key may ask up to n times its limit, and a restart begins anew.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use countersign_domain::{KeyId, Timestamp};
use futures::future::BoxFuture;

use crate::{
    context::Principal,
    error::{Error, ErrorKind},
    gate::Gate,
};

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

/// What came of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Where the key stands now.
    pub standing: RateLimit,
    /// Whether the call is within the limit.
    pub is_admitted: bool,
}

/// The answer of a limiter.
pub enum Take<'limiter> {
    /// It is known.
    Now(Taken),
    /// It has to be asked for elsewhere.
    Later(BoxFuture<'limiter, Taken>),
}

impl fmt::Debug for Take<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(taken) => formatter.debug_tuple("Now").field(taken).finish(),
            Self::Later(_) => formatter.write_str("Later(..)"),
        }
    }
}

/// What counts calls: in this process, or in a place that several gateways share.
///
/// It is on the hot path of every key with a limit. One that asks over the network has a deadline of its own, well below a second, and
/// decides by itself where it gets no answer. Two calls at the same time are two calls: it never admits more than the limit at once.
pub trait RateLimiter: fmt::Debug + Send + Sync {
    /// Takes one call out of a key's budget of so many a minute.
    fn take(&self, key: KeyId, limit: u32, now: Timestamp) -> Take<'_>;
}

/// The limiter in use: memory until another is set.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    memory: Rates,
    shared: OnceLock<Arc<dyn RateLimiter>>,
}

impl Limiter {
    async fn take(&self, key: KeyId, limit: u32, now: Timestamp) -> Taken {
        let taken = match self.shared.get() {
            Some(shared) => shared.take(key, limit, now),
            None => RateLimiter::take(&self.memory, key, limit, now),
        };
        match taken {
            Take::Now(taken) => taken,
            Take::Later(taken) => taken.await,
        }
    }
}

impl Gate {
    /// Counts calls elsewhere than in this process's memory, from now on. False if that was said before.
    pub fn limit_by(&self, limiter: Arc<dyn RateLimiter>) -> bool {
        self.inner.configuration.rates.shared.set(limiter).is_ok()
    }

    /// Counts a call of whoever was identified: against their key's rate limit, and as used. `None` for whom nothing is limited.
    pub async fn count_call(&self, principal: &Principal) -> Option<Taken> {
        let key = principal.key()?;
        let now = self.now();
        let taken = match key.rate_limit_per_minute {
            Some(limit) => Some(
                self.inner
                    .configuration
                    .rates
                    .take(key.id, limit, now)
                    .await,
            ),
            None => None,
        };
        if taken.is_none_or(|taken| taken.is_admitted) {
            self.inner.usage.note(key.id, now);
        }
        taken
    }
}

impl Taken {
    /// What the caller is told who asks too often.
    pub fn refusal(&self) -> Error {
        let limit = self.standing.limit;
        let text = format!(
            "this key may ask {limit} times a minute: wait, or ask an owner for a higher limit"
        );
        Error::new(ErrorKind::TooManyRequests, "rate_limited", text)
            .retry_after(self.standing.retry_after)
            .limit("rate_limit_per_minute")
    }
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
}

impl RateLimiter for Rates {
    fn take(&self, key: KeyId, limit: u32, now: Timestamp) -> Take<'_> {
        let taken = Rates::take(self, key, limit, now);
        let (Ok(standing) | Err(standing)) = taken;
        Take::Now(Taken {
            standing,
            is_admitted: taken.is_ok(),
        })
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
