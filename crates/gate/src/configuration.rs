//! How configuration changes: one unit of work, then the new snapshot, then the answer.
//!
//! Invariants: whoever gets an answer to a change, everybody after that sees it; a unit that fails leaves everything as it was;
//! changes are serial across replicas, because each raises the epoch first and so holds its row until it commits. On PostgreSQL the
//! epoch is confirmed four times a second; what is unconfirmed for a second is not decided on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use countersign_domain::{AuditEntry, EntryId, Timestamp};
use countersign_store::{Engine, StoreError, Tx, agents, keys, operators, sessions};
use tokio::sync::{Mutex, oneshot};

use crate::{
    checks,
    clock::Clock,
    context::{OpCx, Principal, Via},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    identify::unauthenticated,
    rate::Limiter,
    scan::StoredRules,
    snapshot::{Nouns, Snapshot},
    workspace::Workspace,
};

const CONFIRM_PERIOD: Duration = Duration::from_millis(250);
const STALE_AFTER: Duration = Duration::from_secs(1);

/// The live snapshot and what is known about its freshness.
pub(crate) struct Configuration {
    snapshot: ArcSwap<Snapshot>,
    /// Held while a snapshot is read and put in place, so that an older one never follows a newer one.
    publishing: Mutex<()>,
    engine: Engine,
    started: Instant,
    /// When the epoch was last known to be the newest, in milliseconds after `started`. Only for PostgreSQL.
    confirmed_at_millis: AtomicU64,
    /// A change is committed whose snapshot could not be read.
    is_behind: AtomicBool,
    pub(crate) rates: Limiter,
}

impl std::fmt::Debug for Configuration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Configuration")
            .field("epoch", &self.snapshot.load().epoch)
            .finish_non_exhaustive()
    }
}

impl Configuration {
    /// Reads the first snapshot.
    pub(crate) async fn load(workspace: &Workspace, _clock: &dyn Clock) -> Result<Self> {
        let snapshot = workspace.store.read(Snapshot::load).await?;
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            publishing: Mutex::new(()),
            engine: workspace.store.engine(),
            started: Instant::now(),
            confirmed_at_millis: AtomicU64::new(0),
            is_behind: AtomicBool::new(false),
            rates: Limiter::default(),
        })
    }

    /// The operators' own secret rules as they were read.
    pub(crate) fn secret_rules(&self) -> Arc<StoredRules> {
        Arc::clone(&self.snapshot.load().secret_rules)
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn confirm(&self, at_millis: u64) {
        self.confirmed_at_millis
            .fetch_max(at_millis, Ordering::AcqRel);
    }

    fn is_stale(&self) -> bool {
        let unconfirmed = || {
            self.millis()
                .saturating_sub(self.confirmed_at_millis.load(Ordering::Acquire))
        };
        self.is_behind.load(Ordering::Acquire)
            || (self.engine == Engine::Postgres
                && u128::from(unconfirmed()) >= STALE_AFTER.as_millis())
    }
}

fn rights_changed() -> Error {
    Error::forbidden(
        "this credential's rights have just changed: try again with what it may do now",
    )
}

/// Refuses a caller who was stopped, or lost rights, since the snapshot that knew them.
fn confirm_caller(
    tx: &mut Tx<'_>,
    principal: &Principal,
    is_as_seen: bool,
    now: Timestamp,
) -> Result<()> {
    // Sessions end without a new epoch.
    if let Principal::Operator {
        via: Via::Session { id, .. },
        ..
    } = principal
        && !sessions::by_id(tx, *id)?.is_some_and(|session| session.is_live(now))
    {
        return Err(unauthenticated());
    }
    if is_as_seen {
        return Ok(());
    }
    if let Some(key) = principal.key() {
        let known = keys::by_id(tx, key.id)?.ok_or_else(unauthenticated)?;
        // By the secret that was presented: an old one ends before its key does.
        let presented = if known.hash == key.hash {
            Some(known)
        } else {
            known.as_retiring().filter(|old| old.hash == key.hash)
        };
        let presented = presented.filter(|presented| presented.is_live(now));
        let presented = presented.ok_or_else(unauthenticated)?;
        if presented.scopes != key.scopes || presented.bounds != key.bounds {
            return Err(rights_changed());
        }
    }
    match principal {
        Principal::System => Ok(()),
        Principal::Agent { agent, .. } => agents::by_id(tx, agent.id)?
            .map(drop)
            .ok_or_else(unauthenticated),
        Principal::Operator { operator, .. } => match operators::by_id(tx, operator.id)? {
            Some(known) if known.disabled_at.is_none() && known.role == operator.role => Ok(()),
            Some(known) if known.disabled_at.is_none() => Err(rights_changed()),
            _ => Err(unauthenticated()),
        },
    }
}

fn epoch_of(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.epoch()
}

impl Gate {
    /// The newest snapshot that this process has, fresh or not: for what is shown.
    pub(crate) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.inner.configuration.snapshot.load()
    }

    /// The snapshot, if it is known to be the newest: for what is decided.
    ///
    /// # Errors
    /// `configuration_stale`.
    pub(crate) fn fresh_snapshot(&self) -> Result<Arc<Snapshot>> {
        if self.inner.configuration.is_stale() {
            let text = "the gateway can't confirm that its configuration is the newest; try again, and look at the database if it stays";
            return Err(
                Error::new(ErrorKind::Unavailable, "configuration_stale", text)
                    .retry_after(STALE_AFTER),
            );
        }
        Ok(self.inner.configuration.snapshot.load_full())
    }

    /// The configuration epoch of the live snapshot.
    pub fn epoch(&self) -> u64 {
        self.snapshot().epoch
    }

    /// Whether decisions are refused because the configuration is not known to be the newest.
    pub fn configuration_is_stale(&self) -> bool {
        self.inner.configuration.is_stale()
    }

    /// Carries a change out: one unit that raises the epoch, then the new snapshot. It is carried out to its end even if the one who
    /// asked goes away.
    ///
    /// SECURITY: the caller is asked for again here, and once more in the unit: a credential that was stopped since the call came in
    /// changes nothing.
    pub(crate) async fn change<T, U>(&self, cx: &OpCx, nouns: Nouns, unit: U) -> Result<T>
    where
        T: Send + 'static,
        U: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        // Before the refresh: a change in between makes the unit look again.
        let seen = self.epoch();
        let caller = self.refresh(cx).await?;
        if !checks::covers(caller.principal.permissions(), cx.principal.permissions()) {
            return Err(rights_changed());
        }
        crate::sessions::require_fresh_proof(&caller)?;
        let gate = self.clone();
        let (answer, answered) = oneshot::channel();
        self.inner.tasks.run(async move {
            let unit = (seen, caller.principal, unit);
            // Nobody waiting is no reason to stop.
            drop(answer.send(gate.commit_and_publish(nouns, unit).await));
        });
        answered.await.unwrap_or_else(|_| {
            let text = "the gateway is shutting down: look whether the change was made before you repeat it";
            Err(Error::new(ErrorKind::Unavailable, "shutting_down", text))
        })
    }

    async fn commit_and_publish<T, U>(
        &self,
        nouns: Nouns,
        (seen, principal, mut unit): (u64, Principal, U),
    ) -> Result<T>
    where
        T: Send + 'static,
        U: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let now = self.now();
        let written = self
            .inner
            .workspace
            .store
            .write(move |tx| {
                // First: it makes changes serial across replicas, so that what the unit reads stays true until it commits.
                let is_as_seen = tx.bump_epoch()? == seen.saturating_add(1);
                confirm_caller(tx, &principal, is_as_seen, now)?;
                unit(tx)
            })
            .await;
        match written {
            Ok(value) => {
                self.publish(nouns).await.inspect_err(|_| {
                    self.inner
                        .configuration
                        .is_behind
                        .store(true, Ordering::Release);
                })?;
                Ok(value)
            }
            Err(error) => {
                if error.code == "commit_unknown" && self.publish(Nouns::ALL).await.is_err() {
                    self.inner
                        .configuration
                        .is_behind
                        .store(true, Ordering::Release);
                }
                Err(error)
            }
        }
    }

    /// Notes that a change is committed whose snapshot could not be read: nothing is decided until it is.
    pub(crate) fn fell_behind(&self) {
        self.inner
            .configuration
            .is_behind
            .store(true, Ordering::Release);
    }

    /// Reads the snapshot of the newest epoch and puts it in place.
    pub(crate) async fn publish(&self, nouns: Nouns) -> Result<()> {
        let configuration = &self.inner.configuration;
        let _turn = configuration.publishing.lock().await;
        let asked_at = configuration.millis();
        let current = configuration.snapshot.load_full();
        let next = self
            .inner
            .workspace
            .store
            .read(move |tx| current.load_after(tx, nouns))
            .await
            .map_err(Error::from)?;
        if next.epoch > configuration.snapshot.load().epoch {
            if !Arc::ptr_eq(&next.targets, &configuration.snapshot.load().targets) {
                // First: no reply may carry a credential that is in use and not known.
                self.learn_vault_values(Arc::clone(&next.targets)).await;
            }
            // Before it is decided by.
            self.inner.scanner.learn(&next.secret_rules).await?;
            configuration.snapshot.store(Arc::new(next));
            self.enforce_snapshot();
        }
        configuration.confirm(asked_at);
        configuration.is_behind.store(false, Ordering::Release);
        Ok(())
    }

    /// Keeps the snapshot fresh: on PostgreSQL by asking for the epoch, on SQLite by repeating a reading that failed.
    pub(crate) fn watch_configuration(&self) {
        let watched = self.clone();
        self.inner.tasks.every(CONFIRM_PERIOD, move || {
            let gate = watched.clone();
            async move {
                if let Err(error) = gate.confirm_configuration().await {
                    tracing::warn!(code = error.code, cause = ?error.cause, "the configuration could not be confirmed");
                }
            }
        });
    }

    async fn confirm_configuration(&self) -> Result<()> {
        let configuration = &self.inner.configuration;
        if configuration.is_behind.load(Ordering::Acquire) {
            return self.publish(Nouns::ALL).await;
        }
        if configuration.engine == Engine::Sqlite {
            return Ok(());
        }
        let asked_at = configuration.millis();
        let epoch = self.inner.workspace.store.read(epoch_of).await?;
        if epoch == configuration.snapshot.load().epoch {
            configuration.confirm(asked_at);
            return Ok(());
        }
        self.publish(Nouns::ALL).await
    }

    /// An entry about a change of configuration.
    pub(crate) fn config_entry(
        &self,
        cx: &OpCx,
        kind: &'static str,
        subject: String,
    ) -> AuditEntry {
        let mut entry = AuditEntry::new(
            EntryId::new(self.inner.clock.uuid()),
            cx.now,
            cx.principal.actor(),
            kind,
        );
        entry.subject = Some(subject);
        entry
    }
}
