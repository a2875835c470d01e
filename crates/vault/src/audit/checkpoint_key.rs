//! The keys of checkpoints: a signer inside the vault, a verifier key for everybody.
//!
//! The verifier key's text is C2SP's: `name+hex(key hash)+base64(0x01 || public key)`, where the key hash is the first four bytes
//! of `SHA-256(name || newline || 0x01 || public key)`. Any tool for signed notes can use it.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::checkpoint::{Checkpoint, CheckpointError, check_origin, split_note};
use crate::hash::Sha256;

const ED25519_TYPE: u8 = 1;
const SIGNATURE_BYTES: usize = 64;

/// The public half: verifies checkpoints without anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointKey {
    name: String,
    public: [u8; 32],
}

impl CheckpointKey {
    /// The key's name, which is the ledger's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn key_hash(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher
            .update(self.name.as_bytes())
            .update(&[b'\n', ED25519_TYPE])
            .update(&self.public);
        let [first, second, third, fourth, ..] = hasher.finish();
        [first, second, third, fourth]
    }

    /// Reads a note that this key signed. Signatures by others (witnesses) are left alone.
    pub fn verify(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let (body, signatures) = split_note(note)?;
        let unsigned = || CheckpointError::Signature {
            name: self.name.clone(),
        };
        let mut verified = false;
        for line in signatures.lines() {
            let malformed = || CheckpointError::Malformed {
                part: "signature line",
            };
            let (name, encoded) = line
                .strip_prefix("— ")
                .and_then(|rest| rest.split_once(' '))
                .ok_or_else(malformed)?;
            let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
            let (hash, signature) = bytes.split_at_checked(4).ok_or_else(malformed)?;
            if name != self.name || hash != self.key_hash() {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, self.public)
                .verify(body.as_bytes(), signature)
                .map_err(|_| unsigned())?;
            verified = true;
        }
        let checkpoint = Checkpoint::parse_body(body)?;
        if !verified || checkpoint.origin != self.name {
            return Err(unsigned());
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for CheckpointKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut public = vec![ED25519_TYPE];
        public.extend_from_slice(&self.public);
        write!(
            formatter,
            "{}+{:08x}+{}",
            self.name,
            u32::from_be_bytes(self.key_hash()),
            STANDARD.encode(public)
        )
    }
}

impl FromStr for CheckpointKey {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        // Base64 may contain `+`, names and hashes may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(CheckpointError::Key);
        };
        check_origin(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| CheckpointError::Key)?;
        let Some((&ED25519_TYPE, public)) = bytes.split_first() else {
            return Err(CheckpointError::Key);
        };
        let public = public.try_into().map_err(|_| CheckpointError::Key)?;
        let key = Self {
            name: name.to_owned(),
            public,
        };
        // The hash must fit, so that a mistyped key is noticed here and not as a false alarm.
        if key.to_string() != text {
            return Err(CheckpointError::Key);
        }
        Ok(key)
    }
}

/// The secret half.
pub struct CheckpointSigner {
    pair: Ed25519KeyPair,
    key: CheckpointKey,
}

impl fmt::Debug for CheckpointSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CheckpointSigner")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl CheckpointSigner {
    pub(crate) fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, CheckpointError> {
        check_origin(origin)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| CheckpointError::Key)?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| CheckpointError::Key)?;
        Ok(Self {
            pair,
            key: CheckpointKey {
                name: origin.to_owned(),
                public,
            },
        })
    }

    /// The public half, to hand out.
    pub fn key(&self) -> &CheckpointKey {
        &self.key
    }

    /// The signed note. The checkpoint's origin must be the key's name.
    pub fn sign(&self, checkpoint: &Checkpoint) -> Result<String, CheckpointError> {
        if checkpoint.origin != self.key.name {
            return Err(CheckpointError::Origin {
                origin: checkpoint.origin.clone(),
            });
        }
        let body = checkpoint.body();
        // Refuses what nobody could read, for instance a time out of range.
        Checkpoint::parse_body(&body)?;
        let mut signature = Vec::with_capacity(4 + SIGNATURE_BYTES);
        signature.extend_from_slice(&self.key.key_hash());
        signature.extend_from_slice(self.pair.sign(body.as_bytes()).as_ref());
        Ok(format!(
            "{body}\n— {} {}\n",
            self.key.name,
            STANDARD.encode(signature)
        ))
    }
}
