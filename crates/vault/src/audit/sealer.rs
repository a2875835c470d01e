//! Giving entries their place.
//!
//! Pure state: who owns it (the store's writer, or the replica with the lease) decides when entries come and when they are durable.
//! If a commit fails, the state is thrown away and resumed from what is stored.

use countersign_domain::{AuditEntry, SealedEntry, Timestamp};

use super::{checkpoint::Checkpoint, ledger::Ledger, merkle::Frontier};
use crate::hash::Hash;

/// A ledger that can't be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The frontier is of another size or tree than the checkpoint.
    #[error(
        "the stored frontier does not belong to the checkpoint at {size} entries: run `countersign audit verify`"
    )]
    Frontier {
        /// The checkpoint's size.
        size: u64,
    },
    /// A stored entry does not follow.
    #[error(
        "the stored entry at position {position} does not follow from those before it: run `countersign audit verify`"
    )]
    Entry {
        /// Where it was expected.
        position: u64,
    },
}

/// Continues the chain and the tree, one entry at a time.
#[derive(Debug, Clone)]
pub struct Sealer(Ledger);

impl Sealer {
    /// A sealer for a ledger without entries.
    pub fn genesis() -> Self {
        Self(Ledger::genesis())
    }

    /// A sealer that goes on after a checkpoint whose compact range was stored beside it.
    pub fn resume(checkpoint: &Checkpoint, frontier: Frontier) -> Result<Self, ResumeError> {
        if frontier.size() != checkpoint.size || frontier.root() != checkpoint.root {
            return Err(ResumeError::Frontier {
                size: checkpoint.size,
            });
        }
        Ok(Self(Ledger::new(checkpoint.chain, frontier)))
    }

    /// The position of the next entry, which is the number of entries so far.
    pub fn next_position(&self) -> u64 {
        self.0.position()
    }

    /// The chain's value after the last entry.
    pub fn chain(&self) -> Hash {
        self.0.chain
    }

    /// The compact range, to store beside a checkpoint.
    pub fn frontier(&self) -> &Frontier {
        &self.0.frontier
    }

    /// Seals the next entry.
    pub fn seal(&mut self, entry: AuditEntry, mac: Hash) -> SealedEntry {
        let position = self.next_position();
        self.0.stage(&entry);
        let (leaf, chain) = self.0.complete(&mac);
        self.0.advance(leaf, chain);
        SealedEntry {
            position,
            entry,
            mac,
            chain,
        }
    }

    /// Moves behind an entry that was sealed before, checking that it follows.
    pub fn absorb(&mut self, sealed: &SealedEntry) -> Result<(), ResumeError> {
        let position = self.next_position();
        self.0.stage(&sealed.entry);
        let (leaf, chain) = self.0.complete(&sealed.mac);
        if sealed.position != position || sealed.chain != chain {
            return Err(ResumeError::Entry { position });
        }
        self.0.advance(leaf, chain);
        Ok(())
    }

    /// The checkpoint of the ledger as it is now.
    pub fn checkpoint(&self, origin: impl Into<String>, at: Timestamp) -> Checkpoint {
        Checkpoint {
            origin: origin.into(),
            size: self.next_position(),
            root: self.0.frontier.root(),
            chain: self.0.chain,
            at,
        }
    }
}
