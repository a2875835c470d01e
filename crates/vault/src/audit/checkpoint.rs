//! A checkpoint: what the ledger was at one moment, in the form that gets signed.
//!
//! The form is C2SP's `tlog-checkpoint` with two extension lines:
//!
//! ```text
//! <origin>
//! <size, decimal>
//! <Merkle root, base64>
//! chain <chain value, base64>
//! time <RFC 3339, UTC, microseconds>
//!
//! — <origin> <base64(key hash (4) || Ed25519 signature (64))>
//! ```
//!
//! Reading is strict: whatever does not come out the same when written again is refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// The longest note that is read.
const MAXIMUM_NOTE_BYTES: usize = 16 * 1024;
/// A key hash and an Ed25519 signature; what witnesses add is longer.
const SIGNED_BYTES: usize = 4 + 64;

/// A checkpoint that is not one, or not by whom it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// An origin that can't be a key's name.
    #[error(
        "`{origin}` cannot name a ledger: use letters, digits, `.`, `-` and `/`, at most 255 bytes"
    )]
    Origin {
        /// The name.
        origin: String,
    },
    /// Not the text of a checkpoint.
    #[error("not a checkpoint: the {part} is missing or malformed")]
    Malformed {
        /// Which part.
        part: &'static str,
    },
    /// Not a verifier key.
    #[error("not a checkpoint key: expected `name+hash+base64` as `audit key` prints it")]
    Key,
    /// No valid signature by the key.
    #[error(
        "the checkpoint has no valid signature of `{name}`: it was changed, or signed by another key"
    )]
    Signature {
        /// The key's name.
        name: String,
    },
}

/// The ledger at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which ledger; also the name of the key.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// RFC 6962 root over their leaves.
    #[serde(with = "base64_hash")]
    pub root: Hash,
    /// The chain's value after the last of them.
    #[serde(with = "base64_hash")]
    pub chain: Hash,
    /// When it was made.
    pub at: Timestamp,
}

impl Checkpoint {
    /// The text that is signed, with its final newline.
    pub fn body(&self) -> String {
        let Self {
            origin,
            size,
            root,
            chain,
            at,
        } = self;
        format!(
            "{origin}\n{size}\n{}\nchain {}\ntime {at}\n",
            STANDARD.encode(root),
            STANDARD.encode(chain)
        )
    }

    /// Reads a note's checkpoint without looking at its signatures. For those that matter use
    /// [`CheckpointKey::verify`](super::CheckpointKey::verify).
    pub fn parse_unverified(note: &str) -> Result<Self, CheckpointError> {
        split_note(note).and_then(|(body, _)| Self::parse_body(body))
    }

    /// Whether a text has the form of a whole note: a checkpoint, and signature lines that are not cut short. Says nothing about
    /// whose they are.
    pub fn is_whole_note(note: &str) -> bool {
        let is_signature = |line: &str| {
            line.strip_prefix("— ")
                .and_then(|line| line.split_once(' '))
                .and_then(|(_, signature)| STANDARD.decode(signature).ok())
                .is_some_and(|signature| signature.len() >= SIGNED_BYTES)
        };
        split_note(note).is_ok_and(|(body, signatures)| {
            Self::parse_body(body).is_ok()
                && !signatures.is_empty()
                && signatures.lines().all(is_signature)
        })
    }

    pub(super) fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let malformed = |part| CheckpointError::Malformed { part };
        let mut lines = body.lines();
        let origin = lines.next().unwrap_or_default().to_owned();
        check_origin(&origin)?;
        let size = lines
            .next()
            .and_then(|line| line.parse().ok())
            .ok_or_else(|| malformed("size"))?;
        let root = lines
            .next()
            .and_then(decode_hash)
            .ok_or_else(|| malformed("root"))?;
        let chain = lines
            .next()
            .and_then(|line| line.strip_prefix("chain "))
            .and_then(decode_hash)
            .ok_or_else(|| malformed("chain"))?;
        let at = lines
            .next()
            .and_then(|line| line.strip_prefix("time "))
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| malformed("time"))?;
        let checkpoint = Self {
            origin,
            size,
            root,
            chain,
            at,
        };
        if checkpoint.body() != body {
            return Err(malformed("canonical form"));
        }
        Ok(checkpoint)
    }
}

/// The signed text (with its final newline) and the signature lines.
pub(super) fn split_note(note: &str) -> Result<(&str, &str), CheckpointError> {
    if note.len() > MAXIMUM_NOTE_BYTES || !note.ends_with('\n') {
        return Err(CheckpointError::Malformed { part: "end" });
    }
    let border = note.find("\n\n").ok_or(CheckpointError::Malformed {
        part: "blank line before the signatures",
    })?;
    note.split_at_checked(border + 1)
        .and_then(|(body, rest)| Some((body, rest.strip_prefix('\n')?)))
        .ok_or(CheckpointError::Malformed {
            part: "blank line before the signatures",
        })
}

pub(super) fn check_origin(origin: &str) -> Result<(), CheckpointError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/' | b'_');
    if origin.is_empty() || origin.len() > 255 || !origin.bytes().all(fits) {
        let origin = origin
            .chars()
            .filter(|character| !character.is_control())
            .take(64)
            .collect();
        return Err(CheckpointError::Origin { origin });
    }
    Ok(())
}

fn decode_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

mod base64_hash {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::hash::Hash;

    pub(super) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(hash))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::decode_hash(&text).ok_or_else(|| de::Error::custom("expected 32 bytes of base64"))
    }
}
