//! Sealing values for one place in the store.
//!
//! A sealed value is `1 (version) || nonce (12) || ciphertext || tag (16)`: AES-256-GCM under a key that is HMAC-SHA256 of the
//! place's encoding, with a random nonce and `version || place` as associated data. So a ciphertext opens in its own table, column, row
//! and version and nowhere else, and the bound of 2^32 messages per random-nonce key counts per row.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, RandomizedNonceKey, UnboundKey},
    hmac,
};
use zeroize::Zeroizing;

use crate::secret::SecretBytes;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = 1 + NONCE_LEN;

/// How much longer a sealed value is than its plaintext.
pub const SEAL_OVERHEAD_BYTES: usize = HEAD_BYTES + TAG_BYTES;

/// Where a ciphertext belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table, or another kind of container.
    pub table: &'static str,
    /// The column, or another kind of field.
    pub column: &'static str,
    /// The row's key.
    pub row: &'a [u8],
    /// The version of the row or of its meaning: a value of an older version does not open as a newer one.
    pub version: u32,
}

impl Place<'_> {
    /// The format's version byte, then every part behind its length: two places are equal exactly when their encodings are.
    fn encode(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(17 + self.table.len() + self.column.len() + self.row.len());
        bytes.push(VERSION);
        for part in [self.table.as_bytes(), self.column.as_bytes(), self.row] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes
    }
}

/// A sealed value that did not open. One error for everything: the cause would help nobody but a forger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sealed value could not be opened: it was changed, moved from another place, or sealed with another key; restore it from a backup"
)]
pub struct OpenError;

/// Seals and opens values of one family (columns, spool files).
#[derive(Clone)]
pub struct SealKey(hmac::Key);

impl fmt::Debug for SealKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealKey(..)")
    }
}

impl SealKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn key_of_place(&self, place: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(hmac::sign(&self.0, place).as_ref());
        key
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: &Place<'_>, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD_BYTES);
        self.seal_into(place, plaintext, &mut sealed);
        sealed
    }

    /// Seals a value and appends it to `out`.
    ///
    /// # Panics
    ///
    /// For a plaintext over 64 GiB, which AES-GCM can't seal.
    pub fn seal_into(&self, place: &Place<'_>, plaintext: &[u8], out: &mut Vec<u8>) {
        let place = place.encode();
        let key = RandomizedNonceKey::new(&AES_256_GCM, self.key_of_place(&place).as_slice());
        let start = out.len();
        out.push(VERSION);
        out.extend_from_slice(&[0; NONCE_LEN]);
        out.extend_from_slice(plaintext);
        let body = out.get_mut(start + HEAD_BYTES..).unwrap_or_default();
        let sealed =
            key.and_then(|key| key.seal_in_place_separate_tag(Aad::from(place.as_slice()), body));
        #[expect(
            clippy::expect_used,
            reason = "the key has the right length and 64 GiB do not fit a value: only then sealing fails"
        )]
        let (nonce, tag) = sealed.expect("AES-256-GCM refused to seal");
        if let Some(slot) = out.get_mut(start + 1..start + HEAD_BYTES) {
            slot.copy_from_slice(nonce.as_ref());
        }
        out.extend_from_slice(tag.as_ref());
    }

    /// Opens a value in its place.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        let (nonce, body) = split(sealed)?;
        let (ciphertext, tag) = body
            .split_at_checked(body.len() - TAG_BYTES)
            .ok_or(OpenError)?;
        let place = place.encode();
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        self.opener(&place)?
            .open_separate_gather(
                nonce,
                Aad::from(place.as_slice()),
                ciphertext,
                tag,
                &mut plaintext,
            )
            .map_err(|_| OpenError)?;
        Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
    }

    /// Opens a value inside its own buffer, without a copy. The buffer then holds the plaintext: the caller clears it. After an
    /// error its content is undefined.
    pub fn open_in_place<'sealed>(
        &self,
        place: &Place<'_>,
        sealed: &'sealed mut [u8],
    ) -> Result<&'sealed mut [u8], OpenError> {
        let (nonce, _) = split(sealed)?;
        let place = place.encode();
        let body = sealed.get_mut(HEAD_BYTES..).ok_or(OpenError)?;
        self.opener(&place)?
            .open_in_place(nonce, Aad::from(place.as_slice()), body)
            .map_err(|_| OpenError)
    }

    fn opener(&self, place: &[u8]) -> Result<LessSafeKey, OpenError> {
        UnboundKey::new(&AES_256_GCM, self.key_of_place(place).as_slice())
            .map(LessSafeKey::new)
            .map_err(|_| OpenError)
    }
}

/// The nonce of a sealed value and its body, which is at least as long as a tag.
fn split(sealed: &[u8]) -> Result<(Nonce, &[u8]), OpenError> {
    let (&version, rest) = sealed.split_first().ok_or(OpenError)?;
    let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
    if version != VERSION || body.len() < TAG_BYTES {
        return Err(OpenError);
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
    Ok((nonce, body))
}
