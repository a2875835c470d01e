//! Where the vault's header is kept: a file in the data directory, or a row where replicas share a PostgreSQL database.

use std::sync::Arc;

use countersign_gate::{Clock, HeaderLocation, SystemClock};
use countersign_store::{PostgresOptions, Store, vault_headers};
use countersign_vault::{HeaderFile, KdfParameters, Passphrase, SecretString, Vault, VaultHeader};

use super::failures::{from_header, from_store, from_unlock};
use super::parts::Parts;
use crate::config::Settings;
use crate::failure::{Failure, Result};

/// The header's place.
#[derive(Clone)]
pub(crate) enum HeaderPlace {
    /// A file.
    File(HeaderFile),
    /// The row `vault_header`.
    Row {
        /// The database.
        url: Arc<SecretString>,
        /// This process among the replicas.
        parts: Parts,
    },
}

impl std::fmt::Debug for HeaderPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => formatter.debug_tuple("File").field(file).finish(),
            Self::Row { .. } => formatter.write_str("Row(..)"),
        }
    }
}

impl HeaderPlace {
    /// The place for this configuration.
    pub(crate) fn of(settings: &Settings) -> Self {
        match &settings.database_url {
            None => Self::File(HeaderFile::new(settings.data_dir.path())),
            Some(url) => Self::Row {
                url: Arc::clone(url),
                parts: Parts::of(settings),
            },
        }
    }

    /// The place as the gate names it.
    pub(crate) fn location(&self) -> HeaderLocation {
        match self {
            Self::File(file) => HeaderLocation::File(file.clone()),
            Self::Row { .. } => HeaderLocation::Store,
        }
    }

    /// The header; `None` where nobody onboarded.
    pub(crate) async fn read(&self) -> Result<Option<VaultHeader>> {
        match self.clone() {
            Self::File(file) if !file.exists() => Ok(None),
            Self::File(file) => file.read().map(Some).map_err(|error| from_header(&error)),
            Self::Row { url, parts } => {
                let json = on_row(&url, &parts, vault_headers::get).await?;
                json.map(|json| {
                    VaultHeader::parse(json.as_bytes()).map_err(|error| {
                        Failure::state("vault_header", crate::failure::chain(&error))
                    })
                })
                .transpose()
            }
        }
    }

    /// Makes the header of a new vault and opens it. Exit 3 where there is one already.
    pub(crate) async fn create(&self, passphrase: Passphrase) -> Result<Vault> {
        let made = blocking(move || {
            VaultHeader::create(&passphrase, KdfParameters::DEFAULT)
                .map_err(|error| Failure::state("vault", error.to_string()))
        });
        let (header, vault) = made.await?;
        match self.clone() {
            Self::File(file) => {
                blocking(move || file.create(&header).map_err(|error| from_header(&error))).await?;
            }
            Self::Row { url, parts } => {
                let json = String::from_utf8_lossy(&header.to_json()).into_owned();
                if !on_row(&url, &parts, move |tx| vault_headers::create(tx, &json)).await? {
                    return Err(Failure::state(
                        "already_onboarded",
                        "the database has a vault already: nothing was changed",
                    ));
                }
            }
        }
        Ok(vault)
    }
}

/// Opens the vault, and gives the passphrase back for who needs it again.
pub(crate) async fn unlock(
    header: VaultHeader,
    passphrase: Passphrase,
) -> Result<(Vault, Passphrase)> {
    blocking(move || {
        let vault = header
            .unlock(&passphrase)
            .map_err(|error| from_unlock(&error))?;
        Ok((vault, passphrase))
    })
    .await
}

async fn on_row<T: Send + 'static>(
    url: &SecretString,
    parts: &Parts,
    work: impl FnOnce(&mut countersign_store::Tx<'_>) -> countersign_store::Result<T> + Send + 'static,
) -> Result<T> {
    let options =
        PostgresOptions::new(SecretString::new(url.expose().to_owned()), parts.instance());
    blocking(move || {
        Store::before_unlock(&options, SystemClock.now(), work).map_err(|error| from_store(&error))
    })
    .await
}

/// Runs what computes or waits for a disk beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let gone = |error: tokio::task::JoinError| {
        Failure::unreachable("internal", format!("a task did not end: {error}"))
    };
    tokio::task::spawn_blocking(work).await.map_err(gone)?
}
