//! An unlocked vault: every key that the gate uses, derived from one data key.

use std::{fmt, sync::Arc};

use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use crate::{
    audit::{AuditMacKey, CheckpointError, CheckpointSigner},
    mac::MacKey,
    random::random_bytes,
    seal::{OpenError, Place, SealKey},
    secret::SecretBytes,
};

/// HKDF's salt: the key hierarchy's version.
const HIERARCHY: &[u8] = b"countersign vault v1";

/// The keys of an unlocked vault. Clones share them; they are cleared when the last clone is dropped.
///
/// Every key is `HKDF-SHA256(salt = "countersign vault v1", secret = data key, info = label)`; the labels are in this file and
/// never change their meaning.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    key_id: [u8; 16],
    expander: hkdf::Prk,
    columns: SealKey,
    spool: SealKey,
    audit: AuditMacKey,
    tokens: MacKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault(..)")
    }
}

impl Vault {
    pub(crate) fn new(key_id: [u8; 16], data_key: &[u8]) -> Self {
        let expander = hkdf::Salt::new(hkdf::HKDF_SHA256, HIERARCHY).extract(data_key);
        let columns = SealKey::new(&derive(&expander, &[b"seal columns"]));
        let spool = SealKey::new(&derive(&expander, &[b"seal spool"]));
        let audit = AuditMacKey::new(MacKey::new(&derive(&expander, &[b"mac audit"])));
        let tokens = MacKey::new(&derive(&expander, &[b"mac tokens"]));
        Self(Arc::new(Keys {
            key_id,
            expander,
            columns,
            spool,
            audit,
            tokens,
        }))
    }

    /// A vault whose data key is random and written nowhere: what it seals is lost with it. For tests and dry runs.
    pub fn ephemeral() -> Self {
        Self::new(
            random_bytes(),
            Zeroizing::new(random_bytes::<32>()).as_slice(),
        )
    }

    /// Names the data key without telling anything about it: a store can note it and notice a header that is not its own.
    pub fn key_id(&self) -> [u8; 16] {
        self.0.key_id
    }

    /// The raw key of the encrypted database, 32 bytes.
    pub fn store_key(&self) -> SecretBytes {
        SecretBytes::copy_of(derive(&self.0.expander, &[b"store database"]).as_slice())
    }

    /// Seals a value for a column; see [`SealKey::seal`].
    pub fn seal(&self, place: &Place<'_>, plaintext: &[u8]) -> Vec<u8> {
        self.0.columns.seal(place, plaintext)
    }

    /// Seals a value for a column and appends it to `out`; see [`SealKey::seal_into`].
    pub fn seal_into(&self, place: &Place<'_>, plaintext: &[u8], out: &mut Vec<u8>) {
        self.0.columns.seal_into(place, plaintext, out);
    }

    /// Opens a column's value; see [`SealKey::open`].
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        self.0.columns.open(place, sealed)
    }

    /// Opens a column's value inside its buffer; see [`SealKey::open_in_place`].
    pub fn open_in_place<'sealed>(
        &self,
        place: &Place<'_>,
        sealed: &'sealed mut [u8],
    ) -> Result<&'sealed mut [u8], OpenError> {
        self.0.columns.open_in_place(place, sealed)
    }

    /// The key for values that wait in files outside the database.
    pub fn spool(&self) -> &SealKey {
        &self.0.spool
    }

    /// The key of the entries' keyed hashes.
    pub fn audit_mac(&self) -> &AuditMacKey {
        &self.0.audit
    }

    /// The key for values handed out and recognised again: CSRF tokens, cursors, signed links.
    pub fn token_mac(&self) -> &MacKey {
        &self.0.tokens
    }

    /// A keyed hash of its own for a named purpose (`fingerprints`, `links`). Equal names give equal keys, and no name gives a
    /// key that the vault uses elsewhere.
    pub fn mac_for(&self, purpose: &'static str) -> MacKey {
        MacKey::new(&derive(
            &self.0.expander,
            &[b"mac purpose: ", purpose.as_bytes()],
        ))
    }

    /// The signer of checkpoints under a ledger's name; the name becomes the key's name.
    pub fn checkpoint_signer(&self, origin: &str) -> Result<CheckpointSigner, CheckpointError> {
        CheckpointSigner::from_seed(
            origin,
            &derive(&self.0.expander, &[b"sign checkpoints ed25519"]),
        )
    }
}

#[expect(
    clippy::expect_used,
    reason = "HKDF fails only for outputs over 8160 bytes"
)]
fn derive(expander: &hkdf::Prk, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    expander
        .expand(info, hkdf::HKDF_SHA256)
        .and_then(|output| output.fill(key.as_mut_slice()))
        .expect("HKDF refused 32 bytes");
    key
}
