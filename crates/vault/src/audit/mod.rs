//! The ledger's cryptography: entries get a place, places get a tree, trees get a signature, and anybody can check all three.
//!
//! - **Keyed hash**: HMAC-SHA256 over the entry's canonical bytes, by the process that wrote it.
//! - **Leaf**: `SHA-256(0x00 || position (8, big-endian) || canonical bytes || keyed hash (32))`, an RFC 6962 leaf.
//! - **Chain**: `SHA-256(0x02 || chain before || leaf)`, beginning with `SHA-256("countersign audit chain v1")`.
//! - **Tree**: RFC 6962 over the leaves; its frontier is enough to go on and to prune.
//! - **Checkpoint**: size, root and chain in a C2SP signed note by an Ed25519 key of the vault.
//!
//! Nothing here reads a store or a clock. What it can't see: entries after the newest checkpoint that somebody who can write the
//! store cut off or rewrote with a fresh chain. Rewriting is still seen by whoever holds the key of the keyed hashes.

mod checkpoint;
mod checkpoint_key;
mod export;
mod ledger;
mod mac;
mod merkle;
mod sealer;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use checkpoint_key::{CheckpointKey, CheckpointSigner};
pub use export::{ExportError, ExportLine, ExportReader, ExportWriter, verify_export};
pub use ledger::{genesis_chain, leaf_hash, next_chain};
pub use mac::AuditMacKey;
pub use merkle::{
    Frontier, FrontierError, ProofBuilder, ProofError, empty_root, verify_consistency,
    verify_inclusion,
};
pub use sealer::{ResumeError, Sealer};
pub use verify::{Fault, Report, Signatures, Verifier};
