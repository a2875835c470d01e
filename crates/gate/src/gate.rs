//! The gate: one value that holds what every use case needs.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, atomic::AtomicI64},
    time::Duration,
};

use countersign_domain::Timestamp;

use crate::{
    brief::Briefs,
    clock::Clock,
    configuration::Configuration,
    connector::{Connector, ConnectorDescriptor},
    error::{Error, Result},
    health::Counters,
    idempotency::InFlight,
    links::LinkGuesses,
    pending::PendingRoom,
    running::Running,
    scan::{Taints, TextScanner, VaultValues},
    search::INDEX_PERIOD,
    searching::Searching,
    sessions::SessionCache,
    tasks::Tasks,
    usage::{FLUSH_PERIOD, Usage},
    waiting::Waiters,
    webhooks::Courier,
    workspace::Workspace,
};

/// The connectors by name. Filled once, when the gate starts.
#[derive(Debug, Clone, Default)]
pub struct Connectors(HashMap<&'static str, Arc<dyn Connector>>);

impl Connectors {
    /// The connectors, each under the name of its descriptor.
    pub fn new(connectors: impl IntoIterator<Item = Arc<dyn Connector>>) -> Self {
        Self(
            connectors
                .into_iter()
                .map(|connector| (connector.descriptor().name, connector))
                .collect(),
        )
    }

    /// The connector of that name.
    ///
    /// # Errors
    /// `invalid_input` on `connector`, naming those that exist.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn Connector>> {
        self.0.get(name).ok_or_else(|| {
            let mut names: Vec<_> = self.0.keys().copied().collect();
            names.sort_unstable();
            Error::invalid(
                "connector",
                format!(
                    "there is no such connector; there are: {}",
                    names.join(", ")
                ),
            )
        })
    }

    /// What there is.
    pub fn descriptors(&self) -> impl Iterator<Item = &ConnectorDescriptor> {
        self.0.values().map(|connector| connector.descriptor())
    }
}

/// What a gate is started with.
#[derive(Debug)]
pub struct GateConfig {
    /// The open store and vault.
    pub workspace: Workspace,
    /// Everything that can act.
    pub connectors: Vec<Arc<dyn Connector>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The gate. Cheap to clone; all clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gate")
            .field("workspace", &self.inner.workspace)
            .finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) workspace: Workspace,
    pub(crate) configuration: Configuration,
    pub(crate) connectors: Connectors,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) running: Running,
    pub(crate) in_flight: InFlight,
    pub(crate) sessions: SessionCache,
    pub(crate) tasks: Tasks,
    /// The way to the network for webhooks; set by the process that has one.
    pub(crate) courier: OnceLock<Arc<dyn Courier>>,
    pub(crate) started_at: Timestamp,
    pub(crate) counters: Counters,
    pub(crate) usage: Usage,
    pub(crate) briefs: Briefs,
    pub(crate) searching: Searching,
    pub(crate) waiters: Waiters,
    pub(crate) pending_room: PendingRoom,
    pub(crate) link_guesses: LinkGuesses,
    pub(crate) turn: crate::aside::Turn,
    pub(crate) verified: Mutex<Option<crate::audit::LastVerification>>,
    pub(crate) scanner: Arc<TextScanner>,
    pub(crate) taints: Taints,
    pub(crate) vault_values: Arc<VaultValues>,
    /// Why the last housekeeping could not write; `None` when it could.
    pub(crate) write_fault: Mutex<Option<String>>,
    /// When the instance's lease was last renewed, in microseconds.
    pub(crate) renewed_at: AtomicI64,
    /// When what had expired was last deleted, in microseconds.
    pub(crate) forgot_at: AtomicI64,
}

/// How often deadlines, leases and retention are looked at.
const HOUSEKEEPING_PERIOD: Duration = Duration::from_secs(1);

impl Gate {
    /// Loads the configuration, settles what a crash left behind, and starts the background tasks. Must run inside a runtime.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub async fn start(config: GateConfig) -> Result<Self> {
        let GateConfig {
            workspace,
            connectors,
            clock,
        } = config;
        // First: it takes a while, and a configuration that nobody confirms meanwhile goes stale.
        let scanner = TextScanner::shipped().await?;
        let configuration = Configuration::load(&workspace, &*clock).await?;
        let started_at = clock.now();
        scanner.learn(&configuration.secret_rules()).await?;
        let vault_values = Arc::new(VaultValues::new(&workspace.vault));
        let inner = Inner {
            workspace,
            configuration,
            connectors: Connectors::new(connectors),
            clock,
            running: Running::default(),
            in_flight: InFlight::default(),
            sessions: SessionCache::default(),
            tasks: Tasks::default(),
            courier: OnceLock::new(),
            started_at,
            counters: Counters::default(),
            usage: Usage::default(),
            briefs: Briefs::default(),
            searching: Searching::default(),
            waiters: Waiters::default(),
            pending_room: PendingRoom::default(),
            link_guesses: LinkGuesses::default(),
            turn: crate::aside::Turn::default(),
            verified: Mutex::default(),
            scanner,
            taints: Taints::default(),
            vault_values,
            write_fault: Mutex::default(),
            renewed_at: AtomicI64::new(started_at.as_micros()),
            forgot_at: AtomicI64::new(0),
        };
        let gate = Self {
            inner: Arc::new(inner),
        };
        let targets = Arc::clone(&gate.snapshot().targets);
        gate.learn_vault_values(targets).await;
        // A ledger that contradicts its checkpoints takes no writes until an operator has acknowledged it: the gate starts all the
        // same, refuses every action, and says why.
        if gate.inner.workspace.store.ledger_state().refuses_writes() {
            tracing::error!(state = %gate.inner.workspace.store.ledger_state(), "the ledger takes no entries");
        } else {
            gate.recover().await?;
        }
        gate.learn_taints().await?;
        let living = gate.clone();
        gate.inner.tasks.every(HOUSEKEEPING_PERIOD, move || {
            let gate = living.clone();
            async move { gate.show_life().await }
        });
        let housekeeper = gate.clone();
        gate.inner.tasks.every(HOUSEKEEPING_PERIOD, move || {
            let gate = housekeeper.clone();
            async move { gate.housekeep().await }
        });
        let indexer = gate.clone();
        gate.inner.tasks.every(INDEX_PERIOD, move || {
            let gate = indexer.clone();
            async move { gate.index_text().await }
        });
        let bookkeeper = gate.clone();
        gate.inner.tasks.every(FLUSH_PERIOD, move || {
            let gate = bookkeeper.clone();
            async move { gate.flush_usage().await }
        });
        gate.watch_configuration();
        Ok(gate)
    }

    /// The connectors that this gate can act through.
    pub fn connectors(&self) -> &Connectors {
        &self.inner.connectors
    }

    /// Now, by the gate's clock.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// When this gate was started.
    pub fn started_at(&self) -> Timestamp {
        self.inner.started_at
    }

    /// The store and vault behind this gate.
    pub fn workspace(&self) -> &Workspace {
        &self.inner.workspace
    }

    /// Ends the background tasks, cancels what still runs, and gives up the instance's lease. The store is closed by its owner.
    pub async fn shutdown(&self) {
        self.inner.running.cancel_all();
        self.inner.tasks.stop().await;
        self.flush_usage().await;
        self.resign().await;
    }
}
