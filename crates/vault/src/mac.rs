//! Keyed hashes for named purposes.

use std::fmt;

use aws_lc_rs::hmac;

use crate::{hash::Hash, random::constant_time_equal, secret::SecretBytes};

/// An HMAC-SHA256 key of one purpose. Clones share nothing but the value; AWS-LC clears each when it is dropped.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl fmt::Debug for MacKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MacKey(..)")
    }
}

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// HMAC-SHA256 under somebody else's secret (RFC 2104: of any length), for signatures that outsiders check.
    pub fn of_secret(secret: &SecretBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    /// The keyed hash of the bytes.
    pub fn mac(&self, bytes: &[u8]) -> Hash {
        let mut value = [0; 32];
        value.copy_from_slice(hmac::sign(&self.0, bytes).as_ref());
        value
    }

    /// Whether `mac` is the keyed hash of the bytes, in constant time.
    pub fn verify(&self, bytes: &[u8], mac: &[u8]) -> bool {
        constant_time_equal(&self.mac(bytes), mac)
    }
}
