//! Fingerprints of every credential in the vault, so that a target that knows another's credential can't pass it on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_scan::{FingerprintSet, KeyedHash, VaultStream};
use countersign_vault::{MacKey, Vault, random_bytes, sha256};

use crate::{gate::Gate, lease::CredentialLease, snapshot::Targets};

/// The vault's key for fingerprints.
struct Keyed(MacKey);

impl KeyedHash for Keyed {
    fn keyed_hash(&self, bytes: &[u8]) -> [u8; 16] {
        let mac = self.0.mac(bytes);
        std::array::from_fn(|index| mac[index])
    }
}

struct Known {
    set: Arc<FingerprintSet>,
    /// Of the sealed credentials that the set was made from.
    of: [u8; 32],
}

/// What is known of the vault's values: never a value.
pub(crate) struct VaultValues {
    keyed: Arc<Keyed>,
    known: ArcSwap<Known>,
}

impl VaultValues {
    /// Knows nothing yet.
    pub(crate) fn new(vault: &Vault) -> Self {
        Self {
            keyed: Arc::new(Keyed(vault.mac_for("credential-fingerprint"))),
            known: ArcSwap::from_pointee(Known {
                set: Arc::new(empty()),
                of: [0; 32],
            }),
        }
    }

    /// Takes every credential's fingerprints, where a credential has changed. Each is decrypted, fingerprinted and zeroised.
    pub(crate) fn learn(&self, vault: &Vault, targets: &Targets) {
        let mut credentials: Vec<_> = targets.credentials().collect();
        credentials.sort_unstable_by_key(|credential| credential.id);
        let mut sealed = Vec::new();
        for credential in &credentials {
            sealed.extend_from_slice(credential.id.as_bytes());
            sealed.extend_from_slice(&sha256(&credential.sealed));
        }
        let of = sha256(&sealed);
        if self.known.load().of == of {
            return;
        }
        let mut set = empty();
        let (mut added, mut left_out) = (0, 0);
        for credential in credentials {
            let Ok(lease) = CredentialLease::open(vault, credential) else {
                tracing::warn!(credential = %credential.id, "a credential can't be decrypted: replies of other targets are not searched for it");
                continue;
            };
            lease.each_secret(|value| match set.add(value, &*self.keyed) {
                Ok(()) => added += 1,
                // Masking what is short or repeats itself would mask ordinary text; the call that uses it masks it all the same.
                Err(_) => left_out += 1,
            });
        }
        tracing::debug!(added, left_out, "the vault's values are fingerprinted");
        self.known.store(Arc::new(Known {
            set: Arc::new(set),
            of,
        }));
    }

    /// What takes the vault's values out of one reply; `None` when there are none.
    pub(crate) fn stream(&self) -> Option<VaultStream> {
        let known = self.known.load();
        (known.set.value_count() > 0).then(|| {
            let keyed: Arc<dyn KeyedHash + Send + Sync> = self.keyed.clone();
            VaultStream::new(Arc::clone(&known.set), keyed)
        })
    }
}

fn empty() -> FingerprintSet {
    let half = || u64::from_le_bytes(random_bytes::<8>());
    FingerprintSet::new([half(), half()])
}

impl Gate {
    /// Takes the fingerprints of the credentials of a snapshot, beside the runtime's threads.
    pub(crate) async fn learn_vault_values(&self, targets: Arc<Targets>) {
        let values = Arc::clone(&self.inner.vault_values);
        let vault = self.inner.workspace.vault.clone();
        let learned = tokio::task::spawn_blocking(move || values.learn(&vault, &targets)).await;
        if let Err(error) = learned {
            tracing::error!(%error, "the vault's values could not be fingerprinted");
        }
    }
}
