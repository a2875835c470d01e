//! What only this process can do with the passphrase: open a locked gateway, and change the passphrase of an open one.

use async_trait::async_trait;
use countersign_gate::{Error, ErrorKind, Gate, OpCx};
use countersign_server::Keeper;
use countersign_vault::{KdfParameters, Passphrase, SecretString};
use tokio::sync::watch;

use crate::failure::{Exit, Failure};
use crate::wire::{self, HeaderPlace, Parts};

/// Knows where the vault's header lies, and tells the gateway's life about an opened gate.
#[derive(Debug)]
pub(super) struct VaultKeeper {
    pub(super) parts: Parts,
    pub(super) header: HeaderPlace,
    pub(super) gate: watch::Sender<Option<Gate>>,
}

#[async_trait]
impl Keeper for VaultKeeper {
    async fn unlock(&self, passphrase: SecretString) -> countersign_gate::Result<Gate> {
        // What is too short to be any passphrase is wrong, in the same words.
        let passphrase = Passphrase::new(passphrase).map_err(|_| wrong())?;
        // Read now, not at the start: on PostgreSQL another replica may have changed it.
        let header = self.header.read().await.and_then(|header| {
            header.ok_or_else(|| Failure::state("not_onboarded", "the vault's header is gone"))
        });
        let header = header.map_err(unavailable)?;
        let refused = |failure: Failure| {
            if failure.code == "wrong_passphrase" {
                wrong()
            } else {
                unavailable(failure)
            }
        };
        let (vault, _) = wire::unlock(header, passphrase).await.map_err(refused)?;
        let gate = self.parts.start_gate(vault).await.map_err(unavailable)?;
        self.gate.send_replace(Some(gate.clone()));
        tracing::info!("the vault is unlocked");
        Ok(gate)
    }

    async fn rekey(
        &self,
        gate: &Gate,
        cx: &OpCx,
        current: SecretString,
        new: SecretString,
    ) -> countersign_gate::Result<()> {
        let current = Passphrase::new(current)
            .map_err(|error| Error::invalid("current", error.to_string()))?;
        let new = Passphrase::new(new).map_err(|error| Error::invalid("new", error.to_string()))?;
        gate.rekey(
            cx,
            self.header.location(),
            current,
            new,
            KdfParameters::DEFAULT,
        )
        .await
    }
}

fn wrong() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "wrong_passphrase",
        "wrong passphrase: try again",
    )
}

/// Whoever holds the passphrase, or the one-time address, may know why the gate can't start.
pub(super) fn unavailable(failure: Failure) -> Error {
    let kind = if failure.exit == Exit::State {
        ErrorKind::Conflict
    } else {
        ErrorKind::Unavailable
    };
    Error::new(kind, "cannot_start", failure.message)
}
