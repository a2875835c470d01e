//! What happens without anybody asking: deadlines, leases, what a crash left behind, what a kill switch sweeps.

use std::{
    sync::{PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use countersign_domain::{
    Actor, AuditEntry, KillScope, Request, RequestEvent, RequestState, Timestamp,
};
use countersign_store::{
    Engine, delegations, evidence, idempotency, instances, links, outbox, requests, results,
    standing,
};

use crate::{
    error::{Error, Result},
    execute::after,
    gate::Gate,
    record::REMEMBERED,
    standing::KEPT_AFTER_END,
    webhooks::{KEPT, Said},
};

/// How long an instance counts as alive after its last sign.
const LEASE: Duration = Duration::from_secs(15);

/// How often the sign of life is given.
const RENEWAL: Duration = Duration::from_secs(4);

/// How long an execution may be unknown to its own gateway before it is given up.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// How often what has expired is deleted.
const FORGETTING: Duration = Duration::from_mins(1);

/// How many requests one unit of work looks at.
const BATCH: u32 = 200;

impl Gate {
    /// At the start: this instance is alive; what dead ones were executing is unknown.
    pub(crate) async fn recover(&self) -> Result<()> {
        let (instance, now) = (self.instance(), self.now());
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                // The data directory's lock says that nobody else is alive.
                if tx.engine() == Engine::Sqlite {
                    instances::remove_others(tx, instance)?;
                }
                instances::renew(tx, instance, now, now.saturating_add(LEASE))?;
                Self::release_dead_leases(tx)
            })
            .await?;
        self.mark_orphans().await
    }

    /// Gives up this instance's lease, so that a successor need not wait for it.
    pub(crate) async fn resign(&self) {
        let instance = self.instance();
        let resigned = self
            .inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                outbox::release(tx, Some(instance))?;
                instances::remove(tx, instance)?;
                Ok(())
            })
            .await;
        if let Err(error) = resigned {
            tracing::warn!(%error, "the instance's lease could not be given up; it ends by itself");
        }
    }

    /// Once a second, in a task of its own: nothing that takes long may make this gateway look dead.
    pub(crate) async fn show_life(&self) {
        if let Err(error) = self.renew_lease_if_due().await {
            tracing::warn!(%error, "the lease could not be renewed; it is tried again");
        }
    }

    /// Once a second.
    pub(crate) async fn housekeep(&self) {
        for (what, done) in [
            ("sweeping what is stopped", self.sweep_stopped().await),
            ("expiring requests", self.expire_overdue().await),
            ("escalating requests", self.escalate_due().await),
            (
                "marking executions of dead gateways",
                self.mark_orphans().await,
            ),
            ("marking lost outcomes", self.mark_lost().await),
            ("forgetting what has expired", self.forget().await),
        ] {
            if let Err(error) = done {
                tracing::warn!(%error, what, "housekeeping failed; it is tried again");
            }
        }
    }

    /// The renewal is also the probe that tells `/readyz` whether the store takes writes: after a failure it is tried every time.
    async fn renew_lease_if_due(&self) -> Result<()> {
        let now = self.now();
        let fault = || {
            self.inner
                .write_fault
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let renewed_at = Timestamp::from_micros(self.inner.renewed_at.load(Relaxed));
        if now.since(renewed_at) < RENEWAL && fault().is_none() {
            return Ok(());
        }
        let renewed = self.renew_lease().await;
        *fault() = renewed
            .as_ref()
            .err()
            .map(|error| format!("{error} ({})", error.code));
        self.inner.renewed_at.store(now.as_micros(), Relaxed);
        renewed
    }

    async fn renew_lease(&self) -> Result<()> {
        let (instance, now) = (self.instance(), self.now());
        self.inner
            .workspace
            .store
            .write(move |tx| {
                instances::renew(tx, instance, now, now.saturating_add(LEASE)).map_err(Error::from)
            })
            .await
    }

    /// What a kill switch covers must not wait on, even if the one who pulled it went away, or its gateway died, before it was swept.
    async fn sweep_stopped(&self) -> Result<()> {
        let scopes: Vec<KillScope> = self.snapshot().kill.iter().map(|kill| kill.scope).collect();
        for scope in scopes {
            self.sweep_killed(scope).await?;
        }
        Ok(())
    }

    async fn expire_overdue(&self) -> Result<()> {
        let now = self.now();
        let overdue = self
            .inner
            .workspace
            .store
            .read(move |tx| requests::overdue(tx, now, BATCH).map_err(Error::from))
            .await?;
        for row in overdue {
            self.lapse(&row).await?;
        }
        Ok(())
    }

    /// An outcome that could not be committed leaves its request executing with nobody who executes it: once the store takes writes
    /// again it is unknown, for a human to settle.
    async fn mark_lost(&self) -> Result<()> {
        let (own, before) = (self.instance(), self.now().saturating_sub(LOST_AFTER));
        let executing = self
            .inner
            .workspace
            .store
            .read(move |tx| requests::executing_since(tx, own, before, BATCH).map_err(Error::from))
            .await?;
        for row in executing {
            if !self.inner.running.knows(row.request.id) {
                self.end(&row.request, RequestEvent::Lost, "outcome_lost")
                    .await?;
            }
        }
        Ok(())
    }

    async fn mark_orphans(&self) -> Result<()> {
        let own = self.instance();
        loop {
            let now = self.now();
            let orphans = self
                .inner
                .workspace
                .store
                .read(move |tx| requests::orphaned(tx, own, now, BATCH).map_err(Error::from))
                .await?;
            let is_last = orphans.len() < BATCH as usize;
            for row in orphans {
                self.end(&row.request, RequestEvent::Lost, "crashed")
                    .await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn forget(&self) -> Result<()> {
        let now = self.now();
        let forgot_at = Timestamp::from_micros(self.inner.forgot_at.load(Relaxed));
        if now.since(forgot_at) < FORGETTING {
            return Ok(());
        }
        self.inner.forgot_at.store(now.as_micros(), Relaxed);
        let settings = std::sync::Arc::clone(&self.snapshot().settings);
        let oldest = settings
            .evidence_retention_days
            .map(|days| now.saturating_sub(Duration::from_hours(24 * u64::from(days))));
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                idempotency::sweep(tx, now)?;
                standing::sweep(tx, now.saturating_sub(KEPT_AFTER_END))?;
                delegations::sweep(tx, now.saturating_sub(KEPT_AFTER_END))?;
                links::sweep(tx, now.saturating_sub(KEPT_AFTER_END))?;
                results::sweep(tx, now, REMEMBERED)?;
                outbox::sweep(tx, now.saturating_sub(KEPT), BATCH)?;
                Ok(())
            })
            .await?;
        let Some(oldest) = oldest else { return Ok(()) };
        // A unit each, so that none is long.
        loop {
            let deleted = self
                .inner
                .workspace
                .store
                .write(move |tx| evidence::delete_before(tx, oldest, BATCH).map_err(Error::from))
                .await?;
            if deleted < u64::from(BATCH) {
                return Ok(());
            }
        }
    }

    /// Ends a request whose time is over: denied where the rule that asked says so, expired otherwise. The request as it stands now.
    pub(crate) async fn lapse(&self, row: &requests::RequestRow) -> Result<Request> {
        let request = &row.request;
        let waited = self.now().since(request.created_at);
        if request.state == RequestState::Pending && row.terms.denies_after(waited) {
            let outcome = "denied: nobody decided in time";
            return self.end(request, RequestEvent::Denied, outcome).await;
        }
        self.expire(request).await
    }

    /// Ends a request whose time is over, if nobody was faster; the request as it stands now.
    pub(crate) async fn expire(&self, request: &Request) -> Result<Request> {
        self.end(request, RequestEvent::Expired, "expired").await
    }

    /// Moves a request by itself: the gateway's own doing.
    pub(crate) async fn end(
        &self,
        request: &Request,
        event: RequestEvent,
        outcome: &str,
    ) -> Result<Request> {
        self.end_by(Actor::System, request, event, outcome).await
    }

    /// Moves a request to one of its ends with its entry, if it still stands where the caller saw it; the request as it stands now.
    pub(crate) async fn end_by(
        &self,
        actor: Actor,
        request: &Request,
        event: RequestEvent,
        outcome: &str,
    ) -> Result<Request> {
        let at = self.now();
        let to = after(request.state, event)?;
        let change = requests::Transition {
            at,
            outcome: Some(outcome.to_owned()),
            ..Default::default()
        };
        let kind = kind_of(to, request.state);
        let entry = AuditEntry {
            outcome: Some(outcome.to_owned()),
            ..self.entry_about(request, actor, kind, at)
        };
        let (id, from) = (request.id, request.state);
        let (announcer, seen) = (self.announcer(), request.clone());
        let said = Said {
            by: (to == RequestState::Denied).then(|| "system".to_owned()),
            reason: Some(outcome.to_owned()),
        };
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<Request> {
                if requests::transition(tx, id, from, to, &change)? {
                    announcer.moved(tx, &seen, to, at, None, &said)?;
                    tx.append_entry(entry.clone())?;
                }
                let row = requests::find(tx, id)?.ok_or_else(|| Error::not_found("request"))?;
                Ok(row.request)
            })
            .await
    }

    /// Cancels what runs under a kill switch.
    pub(crate) fn stop_running(&self, scope: KillScope) -> usize {
        self.inner.running.cancel_killed(scope)
    }

    /// Ends what waits under a kill switch: what nobody has decided is cancelled, what was approved is revoked.
    pub(crate) async fn sweep_killed(&self, scope: KillScope) -> Result<()> {
        let mut after = None;
        loop {
            let waiting = self
                .inner
                .workspace
                .store
                .read(move |tx| requests::waiting(tx, after, BATCH).map_err(Error::from))
                .await?;
            let Some(last) = waiting.last() else {
                return Ok(());
            };
            after = Some(last.request.id);
            for row in &waiting {
                let request = &row.request;
                let is_covered = match scope {
                    KillScope::All => true,
                    KillScope::Agent(agent) => request.agent == agent,
                    KillScope::Target(target) => request.target == target,
                };
                if is_covered {
                    let event = if request.state == RequestState::Pending {
                        RequestEvent::Cancelled
                    } else {
                        RequestEvent::Revoked
                    };
                    self.end(request, event, "killed").await?;
                }
            }
        }
    }

    /// Cancels what runs against the live configuration: called whenever a snapshot is published, so that a switch pulled or a key
    /// revoked on another replica stops what runs here.
    pub(crate) fn enforce_snapshot(&self) {
        let snapshot = self.snapshot();
        // A smaller cap counts at once.
        self.inner.pending_room.forget();
        for kill in snapshot.kill.iter() {
            self.inner.running.cancel_killed(kill.scope);
        }
        let now: Timestamp = self.now();
        self.inner
            .running
            .cancel_keys(|key| snapshot.keys.get(key).is_none_or(|key| !key.is_live(now)));
    }
}

const fn kind_of(to: RequestState, from: RequestState) -> &'static str {
    match to {
        RequestState::Expired => "action.expired",
        RequestState::Stale => "action.stale",
        RequestState::Revoked => "action.revoked",
        RequestState::Cancelled => "action.cancelled",
        RequestState::Unknown => "action.lost",
        _ if matches!(from, RequestState::Unknown) => "action.settled",
        _ => "action.outcome",
    }
}
