//! RFC 6962 Merkle trees over leaf hashes: a frontier to append to, proofs to hand out, and their verification.

mod frontier;
mod proof;

pub use frontier::{Frontier, FrontierError, empty_root};
pub use proof::{ProofBuilder, ProofError, verify_consistency, verify_inclusion};

use crate::hash::{Hash, sha256};

/// An inner node: `SHA-256(0x01 || left || right)`.
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    let (first, second) = bytes.split_at_mut(33);
    if let Some(slot) = first.get_mut(1..) {
        slot.copy_from_slice(left);
    }
    second.copy_from_slice(right);
    sha256(&bytes)
}

#[cfg(test)]
mod tests;
