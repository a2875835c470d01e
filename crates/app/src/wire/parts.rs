//! What a gate is made of, kept so that it can also be made later, when somebody unlocks the vault.

use std::sync::Arc;

use countersign_channels::{HttpCourier, HttpCourierConfig};
use countersign_connectors::{CallerConnector, HttpConnector, HttpConnectorConfig};
use countersign_domain::InstanceId;
use countersign_gate::{Clock, Connector, Gate, GateConfig, SystemClock, Workspace};
use countersign_net::{IpRange, OwnListeners};
use countersign_store::{
    EngineOptions, LedgerOptions, Options, PostgresOptions, SqliteOptions, Store,
};
use countersign_vault::{SecretString, Vault};

use super::failures::from_store;
use super::header::blocking;
use crate::config::{DataDir, Settings};
use crate::failure::{Failure, Result};

/// Everything but the keys.
#[derive(Clone)]
pub(crate) struct Parts {
    data_dir: DataDir,
    database_url: Option<Arc<SecretString>>,
    open_ranges: Arc<[IpRange]>,
    own_listeners: OwnListeners,
    instance: InstanceId,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Parts")
            .field("data_dir", &self.data_dir)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

impl Parts {
    /// The parts that the configuration names.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            data_dir: settings.data_dir.clone(),
            database_url: settings.database_url.clone(),
            open_ranges: Arc::clone(&settings.allow_private_networks),
            own_listeners: OwnListeners::default(),
            instance: InstanceId::new(SystemClock.uuid()),
        }
    }

    /// The same, with its files in another folder.
    pub(super) fn in_folder(&self, data_dir: DataDir) -> Self {
        Self {
            data_dir,
            ..self.clone()
        }
    }

    /// This process among the replicas.
    pub(crate) fn instance(&self) -> InstanceId {
        self.instance
    }

    /// The listeners that are never a target; shared with the connectors.
    pub(crate) fn own_listeners(&self) -> &OwnListeners {
        &self.own_listeners
    }

    /// How the store is opened.
    pub(crate) fn store_options(&self, vault: Vault) -> Options {
        let engine = match &self.database_url {
            Some(url) => EngineOptions::Postgres(PostgresOptions::new(
                SecretString::new(url.expose().to_owned()),
                self.instance,
            )),
            None => EngineOptions::Sqlite(SqliteOptions::new(self.data_dir.database())),
        };
        // The ledger is named by the vault that seals it: a checkpoint of one never passes for one of another.
        let key_id = vault
            .key_id()
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let ledger = LedgerOptions::new(
            format!("countersign/{key_id}"),
            Some(self.data_dir.checkpoints()),
        );
        Options::new(engine, ledger, vault, Arc::new(|| SystemClock.now()))
    }

    /// Opens the store, running pending migrations.
    pub(crate) async fn open_store(&self, vault: Vault) -> Result<Store> {
        let options = self.store_options(vault);
        blocking(move || Store::open(&options).map_err(|error| from_store(&error))).await
    }

    /// Opens the store and starts the gate. Where the gate can't start, the store is closed again.
    pub(crate) async fn start_gate(&self, vault: Vault) -> Result<Gate> {
        let store = self.open_store(vault.clone()).await?;
        let workspace = Workspace {
            store: store.clone(),
            vault,
            instance: self.instance,
        };
        let connectors = HttpConnectorConfig {
            open_ranges: Arc::clone(&self.open_ranges),
            ..HttpConnectorConfig::new(self.own_listeners.clone())
        };
        let connectors: Vec<Arc<dyn Connector>> = vec![
            Arc::new(HttpConnector::new(connectors)),
            Arc::new(CallerConnector::default()),
        ];
        let started = Gate::start(GateConfig {
            workspace,
            connectors,
            clock: Arc::new(SystemClock),
        })
        .await;
        match started {
            Ok(gate) => {
                let courier = HttpCourierConfig::new(self.own_listeners.clone());
                countersign_channels::start(&gate, Arc::new(HttpCourier::new(courier)));
                Ok(gate)
            }
            Err(error) => {
                store.close().await;
                Err(super::from_gate(&error)
                    .next("look at the message; `countersign doctor` checks the installation"))
            }
        }
    }
}

/// Ends a gate in order: its work, then its store.
pub(crate) async fn stop_gate(gate: &Gate) {
    gate.shutdown().await;
    gate.workspace().store.close().await;
}

/// A failure that says that nobody onboarded here.
pub(crate) fn not_onboarded(settings: &Settings) -> Failure {
    not_onboarded_at(&settings.data_dir, settings.database_url.is_some())
}

pub(super) fn not_onboarded_at(data_dir: &DataDir, is_shared: bool) -> Failure {
    if !is_shared && data_dir.database().exists() {
        let missing = format!(
            "{} has a store and no vault header: without its header it can't be opened",
            data_dir.path().display()
        );
        return Failure::state("vault_header", missing)
            .next("put vault.json back from a backup, or choose another folder");
    }
    Failure::state(
        "not_onboarded",
        format!(
            "{} was never onboarded: it has no vault and no operator",
            data_dir.path().display()
        ),
    )
    .next(
        "run `countersign onboard` first, or set COUNTERSIGN_DATA_DIR to the folder that you mean",
    )
}
