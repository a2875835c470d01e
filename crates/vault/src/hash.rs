//! SHA-256, and salted commitments to bodies.
//!
//! A commitment is `SHA-256("countersign commitment v1" || salt (32) || length of label (u32 big-endian) || label || body ||
//! length of body (u64 big-endian))`. The salt lies with the body in evidence and is deleted with it: what stays in the ledger then
//! says nothing about the body, however small the set of possible bodies is.

use std::fmt;

use aws_lc_rs::digest;
use countersign_domain::Commitment;

/// A SHA-256 value.
pub type Hash = [u8; 32];

const COMMITMENT_DOMAIN: &[u8] = b"countersign commitment v1";

fn to_hash(digest: &digest::Digest) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    to_hash(&digest::digest(&digest::SHA256, bytes))
}

/// SHA-256 of bytes that come in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sha256(..)")
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// Nothing hashed yet.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Adds the next piece. How a text is cut into pieces does not matter.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The hash of all pieces.
    pub fn finish(self) -> Hash {
        to_hash(&self.0.finish())
    }
}

/// A commitment to a body that comes in pieces. The format is in the module's documentation.
#[derive(Debug, Clone)]
pub struct Committer {
    hasher: Sha256,
    length_bytes: u64,
}

impl Committer {
    /// Starts a commitment. The label says what the body is (`input`, `output`, `facts`), so that one can't stand for the other.
    pub fn new(salt: &[u8; 32], label: &str) -> Self {
        let mut hasher = Sha256::new();
        let length = u32::try_from(label.len()).unwrap_or(u32::MAX);
        hasher
            .update(COMMITMENT_DOMAIN)
            .update(salt)
            .update(&length.to_be_bytes())
            .update(label.as_bytes());
        Self {
            hasher,
            length_bytes: 0,
        }
    }

    /// Adds the next piece of the body.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.length_bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        self
    }

    /// The commitment to everything that was added.
    pub fn finish(mut self) -> Commitment {
        self.hasher.update(&self.length_bytes.to_be_bytes());
        Commitment(self.hasher.finish())
    }
}

/// The commitment to a body that is there at once.
pub fn commit(salt: &[u8; 32], label: &str, bytes: &[u8]) -> Commitment {
    let mut committer = Committer::new(salt, label);
    committer.update(bytes);
    committer.finish()
}
