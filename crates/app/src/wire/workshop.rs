//! Working on a data directory without a gateway: it is locked for as long.

use std::sync::Arc;

use countersign_gate::{Clock, NewToken, OpCx, Principal, SystemClock, TokenDraft};
use countersign_store::migrate::MigrationStatus;
use countersign_store::{DataDirLock, Store};
use countersign_vault::{KdfParameters, Passphrase, Vault, VaultHeader};

use super::failures::{from_gate, from_lock, from_store};
use super::header::{HeaderPlace, blocking, unlock};
use super::lock::hold;
use super::parts::{Parts, not_onboarded, stop_gate};
use crate::config::Settings;
use crate::failure::Result;

/// An onboarded data directory that nobody else works on.
#[derive(Debug)]
pub(crate) struct Workshop {
    parts: Parts,
    place: HeaderPlace,
    header: VaultHeader,
    _lock: DataDirLock,
}

impl Workshop {
    /// Locks the data directory. Exit 3 where a gateway runs on it or nobody onboarded.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        let place = HeaderPlace::of(settings);
        if !settings.data_dir.path().is_dir() {
            return Err(not_onboarded(settings));
        }
        let header = place.read().await?.ok_or_else(|| not_onboarded(settings))?;
        let lock = hold(&settings.data_dir)
            .await
            .map_err(|error| from_lock(&error))?;
        Ok(Self {
            parts: Parts::of(settings),
            place,
            header,
            _lock: lock,
        })
    }

    /// Opens the store to look at it: pending migrations are a failure, not a change.
    pub(crate) async fn look(&self, passphrase: Passphrase) -> Result<Store> {
        let mut options = self.parts.store_options(self.unlock(passphrase).await?.0);
        options.migrate = false;
        blocking(move || Store::open(&options).map_err(|error| from_store(&error))).await
    }

    /// The migrations.
    pub(crate) async fn migration_status(
        &self,
        passphrase: Passphrase,
    ) -> Result<Vec<MigrationStatus>> {
        let options = self.parts.store_options(self.unlock(passphrase).await?.0);
        blocking(move || Store::migration_status(&options).map_err(|error| from_store(&error)))
            .await
    }

    /// Runs pending migrations; how many there were.
    pub(crate) async fn migrate(&self, passphrase: Passphrase) -> Result<usize> {
        let options = self.parts.store_options(self.unlock(passphrase).await?.0);
        blocking(move || Store::migrate(&options).map_err(|error| from_store(&error))).await
    }

    /// Changes the passphrase, with its entry in the ledger.
    pub(crate) async fn rekey(&self, present: Passphrase, new: Passphrase) -> Result<()> {
        let (vault, present) = self.unlock(present).await?;
        let gate = self.parts.start_gate(vault).await?;
        let cx = OpCx {
            principal: Principal::System,
            source: Arc::from("vault rekey"),
            now: SystemClock.now(),
        };
        let rekeyed = gate
            .rekey(
                &cx,
                self.place.location(),
                present,
                new,
                KdfParameters::DEFAULT,
            )
            .await;
        stop_gate(&gate).await;
        rekeyed.map_err(|error| from_gate(&error))
    }

    /// Makes a sign-in token for an operator who has no other way in, with its entry in the ledger.
    pub(crate) async fn recover(
        &self,
        passphrase: Passphrase,
        draft: TokenDraft,
    ) -> Result<NewToken> {
        let gate = self
            .parts
            .start_gate(self.unlock(passphrase).await?.0)
            .await?;
        let cx = OpCx {
            principal: Principal::System,
            source: Arc::from("token create --recover"),
            now: SystemClock.now(),
        };
        let made = gate.recover_token(&cx, draft).await;
        stop_gate(&gate).await;
        made.map_err(|error| from_gate(&error))
    }

    async fn unlock(&self, passphrase: Passphrase) -> Result<(Vault, Passphrase)> {
        unlock(self.header.clone(), passphrase).await
    }
}
