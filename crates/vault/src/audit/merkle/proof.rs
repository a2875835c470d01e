//! Inclusion and consistency proofs.
//!
//! Making a proof reads the leaves once, in order, with memory for the proof alone. Verifying follows RFC 9162, sections 2.1.3.2
//! and 2.1.4.2, and checks every step: a proof that is too short, too long or has an unused part is refused.

use super::{Frontier, frontier::empty_root, node};
use crate::hash::Hash;

/// A proof that can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf or the older tree is not inside the tree.
    #[error("{inner} is not inside a tree of {size} leaves")]
    OutOfRange {
        /// The leaf's index or the older size.
        inner: u64,
        /// The tree's size.
        size: u64,
    },
    /// Leaves are missing, for instance because they were pruned.
    #[error("the proof needs {expected} leaves and was given {given}")]
    Leaves {
        /// How many the tree has.
        expected: u64,
        /// How many came.
        given: u64,
    },
}

/// Computes one proof from a stream of all leaf hashes.
#[derive(Debug)]
pub struct ProofBuilder {
    size: u64,
    fed: u64,
    /// The subtrees of the proof, in the proof's order. They never overlap.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    start: u64,
    end: u64,
    tree: Frontier,
}

impl ProofBuilder {
    /// A proof that leaf `index` is in the tree of `size` leaves.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::OutOfRange { inner: index, size });
        }
        let mut ranges = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + largest_power_below(end - start);
            if index < middle {
                ranges.push((middle, end));
                end = middle;
            } else {
                ranges.push((start, middle));
                start = middle;
            }
        }
        Ok(Self::of_ranges(size, ranges))
    }

    /// A proof that the tree of `older` leaves is the beginning of the tree of `size` leaves.
    pub fn consistency(older: u64, size: u64) -> Result<Self, ProofError> {
        if older > size {
            return Err(ProofError::OutOfRange { inner: older, size });
        }
        let mut ranges = Vec::new();
        let (mut start, mut end) = (0, size);
        // While the older tree is a whole subtree on the left edge, its verifier knows its root already.
        let mut known = true;
        while older != 0 && older != end {
            let middle = start + largest_power_below(end - start);
            if older <= middle {
                ranges.push((middle, end));
                end = middle;
            } else {
                ranges.push((start, middle));
                start = middle;
                known = false;
            }
        }
        if !known {
            ranges.push((start, end));
        }
        Ok(Self::of_ranges(size, ranges))
    }

    /// `ranges` from the root down; a proof lists them from the leaf up.
    fn of_ranges(size: u64, ranges: Vec<(u64, u64)>) -> Self {
        let parts = ranges
            .into_iter()
            .rev()
            .map(|(start, end)| Part {
                start,
                end,
                tree: Frontier::default(),
            })
            .collect();
        Self {
            size,
            fed: 0,
            parts,
        }
    }

    /// Takes the next leaf hash. Leaves behind the tree's size are ignored.
    pub fn feed(&mut self, leaf: Hash) {
        let position = self.fed;
        self.fed += 1;
        if let Some(part) = self
            .parts
            .iter_mut()
            .find(|part| (part.start..part.end).contains(&position))
        {
            part.tree.append(leaf);
        }
    }

    /// The proof, from the leaf up.
    pub fn finish(self) -> Result<Vec<Hash>, ProofError> {
        if self.fed < self.size {
            return Err(ProofError::Leaves {
                expected: self.size,
                given: self.fed,
            });
        }
        Ok(self.parts.iter().map(|part| part.tree.root()).collect())
    }
}

/// The largest power of two below `size`, which is at least 2.
fn largest_power_below(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Whether `proof` shows that `leaf` is at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut index, mut last) = (index, size - 1);
    let mut found = *leaf;
    for step in proof {
        if last == 0 {
            return false;
        }
        if index & 1 == 1 || index == last {
            found = node(step, &found);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            found = node(&found, step);
        }
        index >>= 1;
        last >>= 1;
    }
    last == 0 && found == *root
}

/// Whether `proof` shows that the tree of `older` leaves with `older_root` is the beginning of the tree of `size` leaves with `root`.
pub fn verify_consistency(
    older: u64,
    older_root: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> bool {
    if older > size {
        return false;
    }
    if older == size {
        return proof.is_empty() && older_root == root;
    }
    if older == 0 {
        return proof.is_empty() && *older_root == empty_root();
    }
    let (mut index, mut last) = (older - 1, size - 1);
    while index & 1 == 1 {
        index >>= 1;
        last >>= 1;
    }
    // A whole subtree on the left edge is where the proof starts, and is known to the verifier.
    let (first, rest) = if older.is_power_of_two() {
        (older_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else {
            return false;
        };
        (first, rest)
    };
    let (mut found_older, mut found) = (*first, *first);
    for step in rest {
        if last == 0 {
            return false;
        }
        if index & 1 == 1 || index == last {
            found_older = node(step, &found_older);
            found = node(step, &found);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            found = node(&found, step);
        }
        index >>= 1;
        last >>= 1;
    }
    last == 0 && found_older == *older_root && found == *root
}
