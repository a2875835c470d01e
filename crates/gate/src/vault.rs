//! Changing the vault's passphrase.
//!
//! Only the header changes: the data key stays, and so does everything that it sealed. The header is replaced in one step, so that a
//! process that dies anywhere leaves the old one or the new one.

use countersign_domain::{Permission, Timestamp};
use countersign_store::{StoreError, settings, vault_headers};
use countersign_vault::{HeaderFile, KdfParameters, Passphrase, UnlockError, VaultHeader};

use crate::{
    context::OpCx,
    error::{Error, ErrorKind, Result},
    gate::Gate,
};

/// Where the vault's header lies.
#[derive(Debug, Clone)]
pub enum HeaderLocation {
    /// In a data directory.
    File(HeaderFile),
    /// In the store, where replicas share no data directory.
    Store,
}

/// The row that says when the passphrase was last changed.
const REKEYED_NAME: &str = "vault.rekeyed_at";

fn header_failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let text = "the vault's header can't be read or written: nothing was changed; look at the data directory";
    let mut failed = Error::new(ErrorKind::Unavailable, "vault_header", text);
    failed.cause = Some(error.into());
    failed
}

impl Gate {
    /// When the passphrase was last changed; `None` where it never was. For whoever opened the vault, or may read its state.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn rekeyed_at(&self) -> Result<Option<Timestamp>> {
        let store = &self.inner.workspace.store;
        let noted = store
            .read::<_, StoreError, _>(|tx| settings::get(tx, REKEYED_NAME))
            .await?;
        noted
            .map(|json| serde_json::from_str(&json).map_err(Error::internal))
            .transpose()
    }

    /// Changes the passphrase. It is recorded before it happens; where it then fails, that is recorded too.
    ///
    /// # Errors
    /// `forbidden`, `wrong_passphrase`, `vault_header`.
    pub async fn rekey(
        &self,
        cx: &OpCx,
        location: HeaderLocation,
        old: Passphrase,
        new: Passphrase,
        parameters: KdfParameters,
    ) -> Result<()> {
        cx.require(Permission::VaultManage)?;
        crate::sessions::require_fresh_proof(cx)?;
        let store = &self.inner.workspace.store;
        let stored = match &location {
            HeaderLocation::Store => store.read::<_, StoreError, _>(vault_headers::get).await?,
            HeaderLocation::File(_) => None,
        };
        let old_json = stored.clone();
        let file = match &location {
            HeaderLocation::File(file) => Some(file.clone()),
            HeaderLocation::Store => None,
        };
        let key_id = self.inner.workspace.vault.key_id();
        let header = tokio::task::spawn_blocking(move || {
            let header = match file {
                Some(file) => file.read().map_err(header_failed)?,
                None => VaultHeader::parse(stored.unwrap_or_default().as_bytes())
                    .map_err(header_failed)?,
            };
            if header.key_id() != key_id {
                return Err(header_failed("the header is another vault's"));
            }
            header
                .rewrap(&old, &new, parameters)
                .map_err(|error| match error {
                    UnlockError::WrongPassphrase => Error::new(
                        ErrorKind::Forbidden,
                        "wrong_passphrase",
                        "the old passphrase is wrong: nothing was changed",
                    ),
                    UnlockError::Derivation(error) => header_failed(error),
                })
        })
        .await
        .map_err(Error::internal)??;
        let entry = self.config_entry(cx, "vault.rekeyed", "vault".to_owned());
        let noted = serde_json::to_string(&cx.now).map_err(Error::internal)?;
        match location {
            HeaderLocation::Store => {
                let json = String::from_utf8(header.to_json()).map_err(Error::internal)?;
                store
                    .write(move |tx| {
                        if !vault_headers::replace(tx, old_json.as_deref().unwrap_or_default(), &json)? {
                            let text = "the passphrase was changed by somebody else in the meantime: nothing was changed";
                            return Err(Error::new(ErrorKind::Conflict, "vault_header", text));
                        }
                        settings::put(tx, REKEYED_NAME, &noted)?;
                        tx.append_entry(entry.clone())?;
                        Ok(())
                    })
                    .await
            }
            HeaderLocation::File(file) => {
                store
                    .write::<_, Error, _>(move |tx| Ok(tx.append_entry(entry.clone())?))
                    .await?;
                let replaced = tokio::task::spawn_blocking(move || file.replace(&header))
                    .await
                    .map_err(Error::internal)?;
                if let Err(error) = replaced {
                    let failed = self.config_entry(cx, "vault.rekey_failed", "vault".to_owned());
                    store
                        .write::<_, Error, _>(move |tx| Ok(tx.append_entry(failed.clone())?))
                        .await?;
                    return Err(header_failed(error));
                }
                store
                    .write::<_, Error, _>(move |tx| Ok(settings::put(tx, REKEYED_NAME, &noted)?))
                    .await
            }
        }
    }
}
