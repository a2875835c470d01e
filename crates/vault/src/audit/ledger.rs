//! Leaves and the chain, and the running state that sealing and verifying share.

use countersign_domain::AuditEntry;

use super::merkle::Frontier;
use crate::hash::{Hash, sha256};

const GENESIS: &[u8] = b"countersign audit chain v1";
const LEAF: u8 = 0x00;
const CHAIN: u8 = 0x02;
/// The leaf's tag and position before the canonical bytes.
const LEAF_HEAD_BYTES: usize = 9;

/// The chain's value before the first entry.
pub fn genesis_chain() -> Hash {
    sha256(GENESIS)
}

/// The leaf of an entry at a position: `SHA-256(0x00 || position || canonical || mac)`.
pub fn leaf_hash(position: u64, canonical: &[u8], mac: &Hash) -> Hash {
    let mut bytes = Vec::with_capacity(LEAF_HEAD_BYTES + canonical.len() + mac.len());
    bytes.push(LEAF);
    bytes.extend_from_slice(&position.to_be_bytes());
    bytes.extend_from_slice(canonical);
    bytes.extend_from_slice(mac);
    sha256(&bytes)
}

/// The chain's value after a leaf: `SHA-256(0x02 || chain before || leaf)`.
pub fn next_chain(before: &Hash, leaf: &Hash) -> Hash {
    let mut bytes = [0; 65];
    let (tag, rest) = bytes.split_at_mut(1);
    tag.fill(CHAIN);
    let (first, second) = rest.split_at_mut(32);
    first.copy_from_slice(before);
    second.copy_from_slice(leaf);
    sha256(&bytes)
}

/// Where a ledger stands. INVARIANT: `frontier.size()` is the next position.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    pub(crate) chain: Hash,
    pub(crate) frontier: Frontier,
    /// Reused for every entry: the leaf's input.
    scratch: Vec<u8>,
}

impl Ledger {
    pub(crate) fn new(chain: Hash, frontier: Frontier) -> Self {
        Self {
            chain,
            frontier,
            scratch: Vec::with_capacity(1024),
        }
    }

    pub(crate) fn genesis() -> Self {
        Self::new(genesis_chain(), Frontier::new())
    }

    pub(crate) fn position(&self) -> u64 {
        self.frontier.size()
    }

    /// Lays out the next leaf and gives the canonical bytes inside it.
    pub(crate) fn stage(&mut self, entry: &AuditEntry) -> &[u8] {
        self.scratch.clear();
        self.scratch.push(LEAF);
        self.scratch
            .extend_from_slice(&self.frontier.size().to_be_bytes());
        entry.canonical(&mut self.scratch);
        self.scratch.get(LEAF_HEAD_BYTES..).unwrap_or_default()
    }

    /// Completes the staged leaf: its hash and the chain's value after it. The state does not move yet.
    pub(crate) fn complete(&mut self, mac: &Hash) -> (Hash, Hash) {
        self.scratch.extend_from_slice(mac);
        let leaf = sha256(&self.scratch);
        (leaf, next_chain(&self.chain, &leaf))
    }

    /// Moves behind a leaf that [`Self::complete`] made.
    pub(crate) fn advance(&mut self, leaf: Hash, chain: Hash) {
        self.frontier.append(leaf);
        self.chain = chain;
    }
}
