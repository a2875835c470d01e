//! What every handler shares: the gate (while it is unlocked), and the server's own counters.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use countersign_gate::{Gate, OpCx, SecretString};
use http::StatusCode;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use tokio_util::task::TaskTracker;

use crate::{
    access::AccessTable,
    config::ServerLimits,
    deployment::{Deployment, PassphraseSource},
    problem::{Problem, Result},
    setup::{SetUp, Setup, SetupDraft, SetupError},
    streams::Streams,
};

/// What only the application can do with the passphrase: it knows where the vault's header lies.
#[async_trait]
pub trait Keeper: Send + Sync + fmt::Debug {
    /// Opens a locked gateway: derives the keys, opens the store and starts the gate. Called by one caller at a time.
    ///
    /// # Errors
    /// `wrong_passphrase` as `Unauthenticated`, or whatever keeps the store from opening.
    async fn unlock(&self, passphrase: SecretString) -> countersign_gate::Result<Gate>;

    /// Changes the passphrase of an open gateway, by [`Gate::rekey`].
    ///
    /// # Errors
    /// Those of [`Gate::rekey`]; `invalid_input` for a passphrase that is none.
    async fn rekey(
        &self,
        gate: &Gate,
        cx: &OpCx,
        current: SecretString,
        new: SecretString,
    ) -> countersign_gate::Result<()>;
}

/// How many callers may wait to try a passphrase.
const UNLOCK_QUEUE: usize = 4;

/// The pause after a wrong passphrase: deriving a key costs a second of a core, and nobody should make the gateway do it all day.
const UNLOCK_PAUSE: Duration = Duration::from_secs(1);

/// What every handler shares. One state belongs to one server: when that drains, so does the state.
#[derive(Debug)]
pub struct ServerState {
    gate: ArcSwapOption<Gate>,
    keeper: Arc<dyn Keeper>,
    setup: Option<Arc<dyn Setup>>,
    setting_up: TaskTracker,
    deployment: OnceLock<Deployment>,
    /// Set where the passphrase came after the start.
    given_later: OnceLock<PassphraseSource>,
    unlocking: Mutex<()>,
    unlock_queue: Semaphore,
    pub(crate) version: &'static str,
    pub(crate) access: AccessTable,
    pub(crate) counters: Counters,
    pub(crate) event_streams: Arc<Streams>,
    pub(crate) long_bodies: Arc<Semaphore>,
    pub(crate) limits: ServerLimits,
    pub(crate) draining: CancellationToken,
}

impl ServerState {
    /// A server in front of a running gate.
    pub fn unlocked(
        gate: Gate,
        keeper: Arc<dyn Keeper>,
        version: &'static str,
        limits: ServerLimits,
    ) -> Arc<Self> {
        let state = Self::new(keeper, version, limits);
        state.gate.store(Some(Arc::new(gate)));
        Arc::new(state)
    }

    /// A server that starts locked: until somebody unlocks it, it answers only that.
    pub fn locked(
        keeper: Arc<dyn Keeper>,
        version: &'static str,
        limits: ServerLimits,
    ) -> Arc<Self> {
        Arc::new(Self::new(keeper, version, limits))
    }

    /// A server without an installation: until somebody makes one, it answers only the page, and that.
    pub fn setting_up(
        setup: Arc<dyn Setup>,
        keeper: Arc<dyn Keeper>,
        version: &'static str,
        limits: ServerLimits,
    ) -> Arc<Self> {
        let mut state = Self::new(keeper, version, limits);
        state.setup = Some(setup);
        Arc::new(state)
    }

    fn new(keeper: Arc<dyn Keeper>, version: &'static str, limits: ServerLimits) -> Self {
        Self {
            gate: ArcSwapOption::empty(),
            keeper,
            setup: None,
            setting_up: TaskTracker::new(),
            deployment: OnceLock::new(),
            given_later: OnceLock::new(),
            unlocking: Mutex::new(()),
            unlock_queue: Semaphore::new(UNLOCK_QUEUE),
            version,
            access: AccessTable::new(),
            counters: Counters::default(),
            event_streams: Streams::new(limits.event_streams),
            long_bodies: Arc::new(Semaphore::new(limits.long_bodies)),
            limits,
            draining: CancellationToken::new(),
        }
    }

    /// The gate, unless the vault is locked. The application asks this at shutdown.
    pub fn gate(&self) -> Option<Gate> {
        self.gate.load().as_deref().cloned()
    }

    /// Says how the gateway was put up: once, when its listeners stand. What is said later is not taken.
    pub fn describe(&self, deployment: Deployment) {
        drop(self.deployment.set(deployment));
    }

    pub(crate) fn deployment(&self) -> Option<&Deployment> {
        self.deployment.get()
    }

    /// Where the passphrase came from, as far as it is known.
    pub(crate) fn passphrase_source(&self) -> Option<PassphraseSource> {
        let at_start = || self.deployment.get()?.passphrase;
        self.given_later.get().copied().or_else(at_start)
    }

    pub(crate) fn keeper(&self) -> &dyn Keeper {
        &*self.keeper
    }

    /// What makes the installation. It stays here when that is done: whoever comes late is told so.
    pub(crate) fn setup(&self) -> Option<&Arc<dyn Setup>> {
        self.setup.as_ref()
    }

    /// Makes the installation, as a task of its own: a caller that goes away does not leave it half done, and the gate not in its place.
    pub(crate) async fn set_up(
        self: &Arc<Self>,
        token: SecretString,
        draft: SetupDraft,
    ) -> Result<Result<SetUp, SetupError>> {
        let Some(setup) = self.setup.clone() else {
            return Ok(Err(SetupError::Closed));
        };
        let state = Arc::clone(self);
        let is_chosen_there = draft.passphrase.is_some();
        let done = self.setting_up.spawn(async move {
            let done = setup.complete(token, draft).await?;
            if is_chosen_there {
                let _ = state.given_later.set(PassphraseSource::Browser);
            }
            state.gate.store(Some(Arc::new(done.gate.clone())));
            Ok(done)
        });
        done.await.map_err(Problem::internal)
    }

    /// Waits until nothing is being set up: after this, [`Self::gate`] says whether there is one to end.
    pub async fn settled(&self) {
        self.setting_up.close();
        self.setting_up.wait().await;
    }

    pub(crate) fn open_gate(&self) -> Result<Gate> {
        self.gate().ok_or_else(Problem::locked)
    }

    /// Tries a passphrase, one caller at a time.
    pub(crate) async fn unlock(&self, passphrase: SecretString) -> Result<Gate> {
        let already = || {
            Problem::new(
                StatusCode::CONFLICT,
                "already_unlocked",
                "the gateway is already unlocked: there is nothing to do",
            )
        };
        if self.gate.load().is_some() {
            return Err(already());
        }
        let _place = self.unlock_queue.try_acquire().map_err(|_| {
            let detail = "others are trying passphrases right now: wait a few seconds";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "unlock_busy", detail)
                .retry_after(UNLOCK_PAUSE * 4)
        })?;
        let _turn = self.unlocking.lock().await;
        if self.gate.load().is_some() {
            return Err(already());
        }
        match self.keeper.unlock(passphrase).await {
            Ok(gate) => {
                let _ = self.given_later.set(PassphraseSource::Browser);
                self.gate.store(Some(Arc::new(gate.clone())));
                Ok(gate)
            }
            Err(error) => {
                // Held under the lock: it delays the next guess, and a correct passphrase by at most the queue before it.
                tokio::time::sleep(UNLOCK_PAUSE).await;
                Err(error.into())
            }
        }
    }
}

/// What the server itself counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    by_class: [AtomicU64; 6],
    in_flight: AtomicI64,
    panics: AtomicU64,
}

impl Counters {
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).min(5);
        self.by_class[class].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> i64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Answers by class: `2xx` and so on.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ["1xx", "2xx", "3xx", "4xx", "5xx"]
            .into_iter()
            .zip(&self.by_class[1..])
            .map(|(class, count)| (class, count.load(Ordering::Relaxed)))
    }
}

/// One call that is being answered.
pub(crate) struct InFlight<'counters>(&'counters Counters);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
