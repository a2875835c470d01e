//! The keyed hash of an entry.

use countersign_domain::AuditEntry;

use crate::{hash::Hash, mac::MacKey};

/// Makes and checks the keyed hashes of entries.
#[derive(Debug, Clone)]
pub struct AuditMacKey(MacKey);

impl AuditMacKey {
    pub(crate) fn new(key: MacKey) -> Self {
        Self(key)
    }

    /// HMAC-SHA256 over the entry's canonical bytes.
    pub fn mac(&self, entry: &AuditEntry) -> Hash {
        let mut canonical = Vec::with_capacity(512);
        entry.canonical(&mut canonical);
        self.mac_canonical(&canonical)
    }

    /// The same over bytes that [`AuditEntry::canonical`] wrote before.
    pub fn mac_canonical(&self, canonical: &[u8]) -> Hash {
        self.0.mac(canonical)
    }

    pub(crate) fn verify_canonical(&self, canonical: &[u8], mac: &Hash) -> bool {
        self.0.verify(canonical, mac)
    }
}
