//! The compact range: the roots of the perfect subtrees that a tree consists of, largest first.
//!
//! A tree of `size` leaves has one node per set bit of `size`, at most 64. That is all that is needed to append leaves and to
//! compute roots, so the leaves themselves may be pruned.

use super::node;
use crate::hash::{Hash, sha256};

/// The root of the tree without leaves: `SHA-256("")`.
pub fn empty_root() -> Hash {
    sha256(b"")
}

/// Bytes that are no frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Merkle frontier: expected 8 bytes of size and 32 bytes per set bit of it")]
pub struct FrontierError;

/// The right edge of an append-only tree. INVARIANT: one node per set bit of `size`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self {
            size: 0,
            nodes: Vec::with_capacity(64),
        }
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash: one node hash per append on average, at most 64.
    pub fn append(&mut self, leaf: Hash) {
        let mut joined = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                joined = node(&left, &joined);
            }
        }
        self.nodes.push(joined);
        self.size += 1;
    }

    /// The tree's root.
    pub fn root(&self) -> Hash {
        self.nodes
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node(&left, &right))
            .unwrap_or_else(empty_root)
    }

    /// `size (8, big-endian) || nodes`, largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.nodes.iter().flatten());
        bytes
    }

    /// Reads [`Self::to_bytes`]. Whether the nodes are the right ones only a signed root can tell.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (nodes, remainder) = rest.as_chunks::<32>();
        if !remainder.is_empty() || nodes.len() != size.count_ones() as usize {
            return Err(FrontierError);
        }
        Ok(Self {
            size,
            nodes: nodes.to_vec(),
        })
    }
}
