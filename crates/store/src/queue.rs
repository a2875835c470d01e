//! The bounded way from callers to an engine's threads.
//!
//! Two entrances: callers that can wait take a permit and wait for it with a deadline; callers that can't (a guard's `drop`) use a
//! reserve that waiters never touch. Both are bounded, so memory is.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::{
    error::{Result, StoreError},
    unit::Unit,
};

/// What a unit may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

pub(crate) struct Queued {
    pub(crate) unit: Box<dyn Unit>,
    pub(crate) access: Access,
    /// The longest that it may run; as long as it takes where there is none.
    pub(crate) limit: Option<Duration>,
    reserved: bool,
}

struct State {
    units: VecDeque<Queued>,
    closed: bool,
    sleepers: usize,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    places: Semaphore,
    reserve: Semaphore,
    patience: Duration,
}

/// Whether [`Queue::take`] takes what is there or lets more come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Now,
    Gather,
}

/// Why [`Queue::take`] came back.
pub(crate) enum Taken {
    /// There are units.
    Units,
    /// Nothing came in time.
    Timeout,
    /// Closed and empty.
    Closed,
}

impl Queue {
    pub(crate) fn new(places: usize, reserve: usize, patience: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                units: VecDeque::with_capacity(places.min(1024)),
                closed: false,
                sleepers: 0,
            }),
            ready: Condvar::new(),
            places: Semaphore::new(places),
            reserve: Semaphore::new(reserve),
            patience,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing inside the lock can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> StoreError {
        StoreError::Busy {
            waited_millis: u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Puts a unit in, waiting for a place until the deadline.
    pub(crate) async fn push(&self, unit: Box<dyn Unit>, access: Access) -> Result<()> {
        self.push_within(unit, access, None).await
    }

    /// [`Queue::push`] for a unit that may not run for longer than the limit.
    pub(crate) async fn push_within(
        &self,
        unit: Box<dyn Unit>,
        access: Access,
        limit: Option<Duration>,
    ) -> Result<()> {
        let permit = match self.places.try_acquire() {
            Ok(permit) => permit,
            Err(_) => match tokio::time::timeout(self.patience, self.places.acquire()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) => return Err(StoreError::Closed),
                Err(_) => return Err(self.busy()),
            },
        };
        permit.forget();
        self.insert(Queued {
            unit,
            access,
            limit,
            reserved: false,
        })
    }

    /// Puts a unit in without waiting, from the reserve if need be.
    pub(crate) fn push_now(&self, unit: Box<dyn Unit>, access: Access) -> Result<()> {
        let reserved = match self.places.try_acquire() {
            Ok(permit) => {
                permit.forget();
                false
            }
            Err(_) => match self.reserve.try_acquire() {
                Ok(permit) => {
                    permit.forget();
                    true
                }
                Err(tokio::sync::TryAcquireError::Closed) => return Err(StoreError::Closed),
                Err(tokio::sync::TryAcquireError::NoPermits) => {
                    return Err(StoreError::Busy { waited_millis: 0 });
                }
            },
        };
        self.insert(Queued {
            unit,
            access,
            limit: None,
            reserved,
        })
    }

    fn insert(&self, queued: Queued) -> Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(StoreError::Closed);
        }
        state.units.push_back(queued);
        let wake = state.sleepers > 0;
        drop(state);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Moves up to `limit` units into `into`, sleeping until there is one, at most for `timeout`.
    ///
    /// With [`Pace::Gather`], callers that are about to put something in get the processor first: where they share it with the taker, its
    /// wake-up would otherwise cut every batch short.
    pub(crate) fn take(
        &self,
        into: &mut Vec<Queued>,
        limit: usize,
        timeout: Option<Duration>,
        pace: Pace,
    ) -> Taken {
        let mut state = self.lock();
        while state.units.is_empty() {
            if state.closed {
                return Taken::Closed;
            }
            state.sleepers += 1;
            let (next, timed_out) = match timeout {
                None => (
                    self.ready
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner),
                    false,
                ),
                Some(timeout) => {
                    let (next, result) = self
                        .ready
                        .wait_timeout(state, timeout)
                        .unwrap_or_else(PoisonError::into_inner);
                    (next, result.timed_out())
                }
            };
            state = next;
            state.sleepers -= 1;
            if timed_out && state.units.is_empty() {
                return if state.closed {
                    Taken::Closed
                } else {
                    Taken::Timeout
                };
            }
        }
        while pace == Pace::Gather && state.units.len() < limit {
            let before = state.units.len();
            drop(state);
            thread::yield_now();
            state = self.lock();
            if state.units.len() == before {
                break;
            }
        }
        let count = state.units.len().min(limit);
        into.extend(state.units.drain(..count));
        drop(state);
        let reserved = into.iter().filter(|queued| queued.reserved).count();
        if reserved > 0 {
            self.reserve.add_permits(reserved);
        }
        self.places.add_permits(count - reserved.min(count));
        Taken::Units
    }

    /// Units that wait.
    pub(crate) fn depth(&self) -> usize {
        self.lock().units.len()
    }

    /// Refuses what comes from now on; what is inside is still taken out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.reserve.close();
        self.ready.notify_all();
    }
}
