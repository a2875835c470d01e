//! Bytes and text that must not leave by accident.
//!
//! Both types own their memory, overwrite it when dropped and have no `Debug`, `Display`, `Serialize` or `Clone`: a secret reaches
//! a log, an error or a reply only where somebody wrote `expose()`.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::random::constant_time_equal;

/// Secret bytes, overwritten when dropped.
#[expect(
    missing_debug_implementations,
    reason = "a secret must not be printable"
)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes over the vector; no copy of it is left behind.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Copies borrowed bytes; the source stays the caller's to clear.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }

    /// The bytes. Every call of this is a place to look at in a review.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to change them in place.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same memory as text; the bytes are dropped (and overwritten) when they are not UTF-8.
    pub fn into_text(mut self) -> Option<SecretString> {
        match String::from_utf8(std::mem::take(&mut *self.0)) {
            Ok(text) => Some(SecretString::new(text)),
            Err(error) => {
                drop(Self::new(error.into_bytes()));
                None
            }
        }
    }

    /// Compares in a time that depends on the lengths only.
    pub fn equals(&self, other: &[u8]) -> bool {
        constant_time_equal(self.expose(), other)
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<SecretString> for SecretBytes {
    fn from(mut text: SecretString) -> Self {
        Self::new(std::mem::take(&mut *text.0).into_bytes())
    }
}

/// Secret text, overwritten when dropped. It can be read from an API body, never written to one.
#[expect(
    missing_debug_implementations,
    reason = "a secret must not be printable"
)]
pub struct SecretString(Zeroizing<String>);

impl SecretString {
    /// Takes over the text; no copy of it is left behind.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Every call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in a time that depends on the lengths only.
    pub fn equals(&self, other: &str) -> bool {
        constant_time_equal(self.expose().as_bytes(), other.as_bytes())
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
