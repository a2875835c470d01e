//! Waiting for a decision: clients that long-poll, woken by the change itself.
//!
//! One follower reads the ledger's live tail for all of them; the store is asked when a request's entry has come, and never in a loop.
//! Invariants: a change after the look that said "pending" always wakes; waiters are bounded, each principal's too; a wait ends within a
//! second of the end of its credential, and at once on shutdown.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_domain::{Permission, RequestId, RequestState};
use countersign_store::{LiveEntries, LiveSignal};
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior},
};
use uuid::Uuid;

use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
};

/// The longest wait.
pub const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// How many may wait at once.
pub const WAITERS_LIMIT: usize = 20_000;

/// How many one principal may have waiting at once.
pub const WAITERS_EACH_LIMIT: usize = 2_000;

/// How often a waiter's credential is looked at.
const REVALIDATION: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct Places {
    by_request: HashMap<RequestId, Vec<Arc<Notify>>>,
    by_principal: HashMap<Uuid, usize>,
    count: usize,
    is_followed: bool,
}

/// Who waits for what. Locks are held for a few instructions, never over an await.
#[derive(Debug, Default, Clone)]
pub(crate) struct Waiters(Arc<Mutex<Places>>);

/// One waiter's place.
struct Place {
    waiters: Waiters,
    request: RequestId,
    principal: Uuid,
    woken: Arc<Notify>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.waiters.lock();
        if let Some(list) = places.by_request.get_mut(&self.request) {
            list.retain(|other| !Arc::ptr_eq(other, &self.woken));
            if list.is_empty() {
                places.by_request.remove(&self.request);
            }
        }
        if let Some(own) = places.by_principal.get_mut(&self.principal) {
            *own -= 1;
            if *own == 0 {
                places.by_principal.remove(&self.principal);
            }
        }
        places.count -= 1;
    }
}

fn too_many() -> Error {
    let text = format!(
        "too many calls are waiting for decisions ({WAITERS_EACH_LIMIT} each, {WAITERS_LIMIT} in all): end some, or ask without `wait`"
    );
    Error::new(ErrorKind::TooManyRequests, "too_many_waiting", text)
        .limit("waiting_calls")
        .retry_after(Duration::from_secs(1))
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place; whether somebody has to begin to follow the ledger.
    fn take(&self, request: RequestId, principal: Uuid) -> Result<(Place, bool)> {
        let mut places = self.lock();
        let own = places.by_principal.get(&principal).copied().unwrap_or(0);
        if places.count >= WAITERS_LIMIT || own >= WAITERS_EACH_LIMIT {
            return Err(too_many());
        }
        let woken = Arc::new(Notify::new());
        places.count += 1;
        places.by_principal.insert(principal, own + 1);
        let list = places.by_request.entry(request).or_default();
        list.push(Arc::clone(&woken));
        let must_follow = !std::mem::replace(&mut places.is_followed, true);
        drop(places);
        let place = Place {
            waiters: self.clone(),
            request,
            principal,
            woken,
        };
        Ok((place, must_follow))
    }

    /// Wakes until nobody waits any more, or the store is closed.
    async fn follow(self, mut live: LiveEntries) {
        loop {
            let signal = live.next().await;
            let mut places = self.lock();
            match &signal {
                LiveSignal::Entries(entries) => {
                    for request in entries.iter().filter_map(|sealed| sealed.entry.request) {
                        for waiter in places.by_request.get(&request).into_iter().flatten() {
                            waiter.notify_one();
                        }
                    }
                }
                LiveSignal::Lagged | LiveSignal::Closed => {
                    for waiter in places.by_request.values().flatten() {
                        waiter.notify_one();
                    }
                }
            }
            if places.count == 0 || matches!(signal, LiveSignal::Closed) {
                places.is_followed = false;
                return;
            }
        }
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.lock().count
    }
}

impl Gate {
    /// Waits until a request is no longer pending, but not longer than `limit` (at most [`WAIT_LIMIT`]); where it stands then. On
    /// shutdown it is answered at once, as it stands.
    ///
    /// # Errors
    /// `not_found`; `too_many_waiting`; `unauthenticated` when the credential ends meanwhile.
    pub async fn wait_for(
        &self,
        cx: &OpCx,
        id: RequestId,
        limit: Duration,
    ) -> Result<RequestState> {
        cx.require(Permission::RequestRead)?;
        let state = self.state_of(cx, id).await?;
        let limit = limit.min(WAIT_LIMIT);
        if state != RequestState::Pending || limit.is_zero() {
            return Ok(state);
        }
        let principal = cx.principal.actor().uuid().unwrap_or_default();
        let (place, must_follow) = self.inner.waiters.take(id, principal)?;
        if must_follow {
            // Before the second look at the request, so that nothing falls in between.
            let live = self.inner.workspace.store.subscribe();
            self.inner
                .tasks
                .run(self.inner.waiters.clone().follow(live));
        }
        let until = Instant::now() + limit;
        let mut revalidation = tokio::time::interval(REVALIDATION);
        revalidation.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut state = self.state_of(cx, id).await?;
        while state == RequestState::Pending {
            tokio::select! {
                biased;
                () = self.inner.tasks.stopping() => return Ok(state),
                () = place.woken.notified() => state = self.state_of(cx, id).await?,
                () = tokio::time::sleep_until(until) => return self.state_of(cx, id).await,
                _ = revalidation.tick() => drop(self.refresh(cx).await?),
            }
        }
        // SECURITY: the credential may have ended together with the wait.
        self.refresh(cx).await?;
        Ok(state)
    }

    /// How many calls wait for a decision.
    pub fn waiting_calls(&self) -> usize {
        self.inner.waiters.count()
    }

    async fn state_of(&self, cx: &OpCx, id: RequestId) -> Result<RequestState> {
        let (row, _) = self.load(cx, id).await?;
        let is_late = row
            .request
            .deadline
            .is_some_and(|deadline| deadline <= self.now());
        if row.request.state == RequestState::Pending && is_late {
            return Ok(self.lapse(&row).await?.state);
        }
        Ok(row.request.state)
    }
}
