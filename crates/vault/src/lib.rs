//! Keys and what is made with them: the key hierarchy, sealing, hashing, tokens, the audit chain and its checkpoints, certificates.
//!
//! The only crate that touches key bytes. A passphrase becomes a key-encryption key (Argon2id), which unwraps a random data key,
//! from which every other key is derived (HKDF-SHA256). Nothing here knows a table, a request or a clock: callers name the place of
//! a ciphertext and hand in the time.
//!
//! Invariants: a secret is a [`SecretBytes`] or [`SecretString`], which can't be printed, serialised or cloned; a wrong passphrase
//! and a damaged header are one and the same error; a ciphertext opens only in the place it was sealed for; a sealed ledger can be
//! verified by anybody who has the file and the public key.

pub mod audit;
mod certificate;
mod hash;
mod header;
mod header_file;
mod kdf;
mod mac;
mod passphrase;
mod password;
mod process;
mod random;
mod seal;
mod secret;
mod token;
mod vault;

pub use certificate::{CertificateError, SelfSignedCertificate};
pub use hash::{Committer, Hash, Sha256, commit, sha256};
pub use header::{HeaderError, UnlockError, VaultHeader};
pub use header_file::{HEADER_FILE_NAME, HeaderFile, HeaderFileError};
pub use kdf::{KdfError, KdfParameters};
pub use mac::MacKey;
pub use passphrase::{MINIMUM_PASSPHRASE_CHARACTERS, Passphrase, PassphraseError};
pub use password::{PasswordError, PasswordHasher};
pub use process::{HardenError, harden_process};
pub use random::{constant_time_equal, random_bytes};
pub use seal::{OpenError, Place, SEAL_OVERHEAD_BYTES, SealKey};
pub use secret::{SecretBytes, SecretString};
pub use token::{InvalidToken, Token, TokenForm, TokenHash};
pub use vault::Vault;
