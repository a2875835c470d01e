//! Checking a ledger from its entries, its checkpoints and the public key.
//!
//! One pass, no memory per entry. Every entry's place, chain value and (with the key) keyed hash is computed again; every checkpoint
//! is compared with the tree at its size. Checkpoints come from two sides: those that lie inside the log, at their place, and
//! those that somebody kept elsewhere. Only the latter show that the end was cut off or the whole thing is an older copy.

use countersign_domain::SealedEntry;
use serde::Serialize;

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    checkpoint_key::CheckpointKey,
    ledger::Ledger,
    mac::AuditMacKey,
    merkle::Frontier,
    sealer::{ResumeError, Sealer},
};
use crate::hash::Hash;

/// What is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line or row can't be read.
    #[error("the log cannot be read beyond line {line}: {detail}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What was expected.
        detail: String,
    },
    /// An entry is missing, doubled or out of order.
    #[error(
        "expected the entry at position {expected}, found {found}: entries were removed, added or reordered"
    )]
    Position {
        /// The next position.
        expected: u64,
        /// The entry's.
        found: u64,
    },
    /// An entry does not give its chain value.
    #[error("the entry at position {position} does not give its chain value: it was edited")]
    Chain {
        /// Which.
        position: u64,
    },
    /// An entry's keyed hash is not by this vault.
    #[error(
        "the keyed hash of the entry at position {position} is not by this vault: it was edited or written by somebody else"
    )]
    Mac {
        /// Which.
        position: u64,
    },
    /// A checkpoint can't be read or was not signed by the key.
    #[error("a checkpoint is refused: {0}")]
    Checkpoint(CheckpointError),
    /// A checkpoint inside the log is not where it was made.
    #[error("the checkpoint for {size} entries stands after {position}: it was moved")]
    Misplaced {
        /// The checkpoint's size.
        size: u64,
        /// How many entries are before it.
        position: u64,
    },
    /// The log is not the one that was signed.
    #[error(
        "the first {size} entries are not those that the checkpoint was signed for: they were rewritten, or the checkpoint belongs to another ledger"
    )]
    Diverged {
        /// The checkpoint's size.
        size: u64,
    },
    /// Two signed checkpoints tell different histories.
    #[error(
        "two signed checkpoints tell different histories at or before {size} entries: the ledger was forked"
    )]
    Fork {
        /// The size of the checkpoint that disagrees.
        size: u64,
    },
    /// A checkpoint knows more entries.
    #[error(
        "the log ends after {entries} entries, a checkpoint was signed for {size}: it was truncated or rolled back"
    )]
    Truncated {
        /// How many there are.
        entries: u64,
        /// How many there were.
        size: u64,
    },
    /// The start of a pruned log is not what its checkpoint says.
    #[error("the log begins after a pruned part that does not fit its checkpoint")]
    Start(#[source] ResumeError),
    /// A pruned log, and nobody's word for where it begins.
    #[error(
        "the log says that it begins after a pruned part, and no key is known that vouches for it: give the checkpoint key"
    )]
    StartUnsigned,
    /// Checkpoints were held against the log, and none is for a part that it has.
    #[error(
        "none of the {count} checkpoints from elsewhere could be compared: they are for entries that were pruned here, up to {pruned}; give newer ones"
    )]
    Uncompared {
        /// How many were given.
        count: u64,
        /// How many entries were pruned.
        pruned: u64,
    },
}

impl Fault {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Position { .. } => "position",
            Self::Chain { .. } => "chain",
            Self::Mac { .. } => "mac",
            Self::Checkpoint(_) => "checkpoint",
            Self::Misplaced { .. } => "misplaced",
            Self::Diverged { .. } => "diverged",
            Self::Fork { .. } => "fork",
            Self::Truncated { .. } => "truncated",
            Self::Start(_) | Self::StartUnsigned => "start",
            Self::Uncompared { .. } => "uncompared",
        }
    }
}

/// Whose word the checkpoints' signatures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// Checked with a key that came from outside the log.
    Trusted,
    /// Checked with the key that the log itself names: whoever can write the whole file can sign it anew.
    SelfDeclared,
    /// Not checked: there is no key.
    Unchecked,
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether nothing is wrong.
    pub valid: bool,
    /// How many entries follow one another, pruned ones included.
    pub entries: u64,
    /// The first entry that is not as it was: exact for an edited or missing entry; for a checkpoint that disagrees, the first
    /// entry that no good checkpoint covers.
    pub first_bad: Option<u64>,
    /// What is wrong with it.
    pub reason: Option<Fault>,
    /// The newest checkpoint that the log agrees with.
    pub checkpoint: Option<Checkpoint>,
    /// How many entries were pruned before the first.
    pub pruned: u64,
    /// The tree's root over `entries`.
    pub root: Hash,
    /// The chain's value after `entries`.
    pub chain: Hash,
    /// Checkpoints from outside for a part that is pruned here: they could not be compared.
    pub uncompared: u64,
    /// How far the signatures can be trusted.
    pub signatures: Signatures,
}

/// A checkpoint from outside the log.
#[derive(Debug, Clone)]
struct Kept {
    checkpoint: Checkpoint,
    note: String,
}

/// A verification under way.
#[derive(Debug, Clone)]
pub struct Verifier {
    ledger: Ledger,
    pruned: u64,
    mac_key: Option<AuditMacKey>,
    key: Option<CheckpointKey>,
    signatures: Signatures,
    /// Kept elsewhere, smallest first; `next_kept` is the first not yet compared.
    kept: Vec<Kept>,
    next_kept: usize,
    uncompared: u64,
    agreed: Option<Checkpoint>,
    first_bad: Option<u64>,
    fault: Option<Fault>,
    halted: bool,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier {
    /// Begins at the first entry, without any key.
    pub fn new() -> Self {
        Self {
            ledger: Ledger::genesis(),
            pruned: 0,
            mac_key: None,
            key: None,
            signatures: Signatures::Unchecked,
            kept: Vec::new(),
            next_kept: 0,
            uncompared: 0,
            agreed: None,
            first_bad: None,
            fault: None,
            halted: false,
        }
    }

    /// Checks the signatures of checkpoints with a key that is trusted.
    #[must_use]
    pub fn with_key(mut self, key: CheckpointKey) -> Self {
        self.key = Some(key);
        self.signatures = Signatures::Trusted;
        self
    }

    /// Checks keyed hashes too.
    #[must_use]
    pub fn with_mac_key(mut self, key: AuditMacKey) -> Self {
        self.mac_key = Some(key);
        self
    }

    /// Compares with a checkpoint (a signed note) that was kept outside the log. Give a trusted key first.
    #[must_use]
    pub fn with_checkpoint(mut self, note: &str) -> Self {
        match self.read_note(note) {
            Err(error) => self.fail(Fault::Checkpoint(error), 0),
            Ok(checkpoint) => {
                let slot = self
                    .kept
                    .partition_point(|other| other.checkpoint.size <= checkpoint.size);
                let twin = slot
                    .checked_sub(1)
                    .and_then(|index| self.kept.get(index))
                    .map(|twin| &twin.checkpoint);
                if twin.is_some_and(|twin| {
                    twin.size == checkpoint.size
                        && (twin.root, twin.chain) != (checkpoint.root, checkpoint.chain)
                }) {
                    self.fail(
                        Fault::Fork {
                            size: checkpoint.size,
                        },
                        self.pruned,
                    );
                }
                self.kept.insert(
                    slot,
                    Kept {
                        checkpoint,
                        note: note.to_owned(),
                    },
                );
            }
        }
        self
    }

    /// The key that the log names for itself. A trusted key must be the same.
    pub fn declare_key(&mut self, key: CheckpointKey) {
        match &self.key {
            None => {
                if let Some(error) = self
                    .kept
                    .iter()
                    .find_map(|kept| key.verify(&kept.note).err())
                {
                    self.fail(Fault::Checkpoint(error), 0);
                }
                self.key = Some(key);
                self.signatures = Signatures::SelfDeclared;
            }
            Some(trusted) if *trusted != key => {
                self.fail(
                    Fault::Checkpoint(CheckpointError::Signature {
                        name: trusted.name().to_owned(),
                    }),
                    0,
                );
            }
            Some(_) => {}
        }
    }

    /// Begins after a pruned part. The checkpoint's signature is checked, and the frontier against its root. Refused without a key:
    /// nothing else would tell such a beginning from one that leaves out whatever the checkpoints from elsewhere are for.
    pub fn start_after(&mut self, note: &str, frontier: Frontier) {
        if self.key.is_none() {
            self.fail(Fault::StartUnsigned, 0);
            return;
        }
        let started = self
            .read_note(note)
            .map_err(Fault::Checkpoint)
            .and_then(|checkpoint| {
                Sealer::resume(&checkpoint, frontier)
                    .map_err(Fault::Start)
                    .map(|sealer| (checkpoint, sealer))
            });
        match started {
            Err(fault) => self.fail(fault, 0),
            Ok((checkpoint, sealer)) => {
                self.ledger = Ledger::new(sealer.chain(), sealer.frontier().clone());
                self.pruned = checkpoint.size;
                self.agreed = Some(checkpoint);
            }
        }
    }

    /// Takes the next entry. `false`: the fault is found and the rest need not be read.
    pub fn push(&mut self, sealed: &SealedEntry) -> bool {
        self.compare_kept();
        let position = self.ledger.position();
        if self.stopped() {
            return false;
        }
        if sealed.position != position {
            return self.stop(
                Fault::Position {
                    expected: position,
                    found: sealed.position,
                },
                position,
            );
        }
        let canonical = self.ledger.stage(&sealed.entry);
        let genuine = self
            .mac_key
            .as_ref()
            .is_none_or(|key| key.verify_canonical(canonical, &sealed.mac));
        let (leaf, chain) = self.ledger.complete(&sealed.mac);
        if chain != sealed.chain {
            return self.stop(Fault::Chain { position }, position);
        }
        if !genuine {
            return self.stop(Fault::Mac { position }, position);
        }
        self.ledger.advance(leaf, chain);
        true
    }

    /// Takes a checkpoint that stands here in the log.
    pub fn push_checkpoint(&mut self, note: &str) -> bool {
        self.compare_kept();
        if self.stopped() {
            return false;
        }
        let position = self.ledger.position();
        match self.read_note(note) {
            Err(error) => self.fail(Fault::Checkpoint(error), self.covered()),
            Ok(checkpoint) if checkpoint.size != position => {
                self.fail(
                    Fault::Misplaced {
                        size: checkpoint.size,
                        position,
                    },
                    self.covered(),
                );
            }
            Ok(checkpoint) => self.compare(checkpoint),
        }
        !self.stopped()
    }

    /// A line of the log that can't be read.
    pub fn malformed(&mut self, line: u64, detail: String) {
        let position = self.ledger.position();
        self.fail(Fault::Malformed { line, detail }, position);
    }

    /// The end of the log.
    pub fn finish(mut self) -> Report {
        self.compare_kept();
        let entries = self.ledger.position();
        // The fault that stopped the pass is why later checkpoints were not reached.
        if self.fault.is_none()
            && let Some(size) = self
                .kept
                .last()
                .map(|kept| kept.checkpoint.size)
                .filter(|size| *size > entries)
        {
            self.fail(Fault::Truncated { entries, size }, entries);
        }
        let count = self.kept.len() as u64;
        if count > 0 && self.uncompared == count {
            let pruned = self.pruned;
            self.fail(Fault::Uncompared { count, pruned }, pruned);
        }
        Report {
            valid: self.fault.is_none(),
            entries,
            first_bad: self.first_bad,
            reason: self.fault,
            checkpoint: self.agreed,
            pruned: self.pruned,
            root: self.ledger.frontier.root(),
            chain: self.ledger.chain,
            uncompared: self.uncompared,
            signatures: self.signatures,
        }
    }

    fn read_note(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        match &self.key {
            Some(key) => key.verify(note),
            None => Checkpoint::parse_unverified(note),
        }
    }

    /// Compares the kept checkpoints that the pass has reached.
    fn compare_kept(&mut self) {
        let position = self.ledger.position();
        while let Some(kept) = self
            .kept
            .get(self.next_kept)
            .map(|kept| &kept.checkpoint)
            .filter(|kept| kept.size <= position)
        {
            self.next_kept += 1;
            if kept.size < position {
                self.uncompared += 1;
            } else {
                let kept = kept.clone();
                self.compare(kept);
            }
        }
    }

    /// Compares a checkpoint of the present size. After a disagreement the pass goes on: a later signed checkpoint that agrees
    /// shows that the key's holder signed two histories.
    fn compare(&mut self, checkpoint: Checkpoint) {
        let agrees =
            checkpoint.root == self.ledger.frontier.root() && checkpoint.chain == self.ledger.chain;
        match (&self.fault, agrees) {
            (None, false) => self.fail(
                Fault::Diverged {
                    size: checkpoint.size,
                },
                self.covered(),
            ),
            (Some(Fault::Diverged { size }), true) if self.key.is_some() => {
                self.fault = Some(Fault::Fork { size: *size });
            }
            (None, true) => self.agreed = Some(checkpoint),
            _ => {}
        }
    }

    /// How many entries a good checkpoint covers.
    fn covered(&self) -> u64 {
        self.agreed
            .as_ref()
            .map_or(self.pruned, |checkpoint| checkpoint.size)
    }

    fn fail(&mut self, fault: Fault, first_bad: u64) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            self.first_bad = Some(first_bad);
        }
    }

    /// Ends the pass: nothing behind this entry can be checked.
    fn stop(&mut self, fault: Fault, first_bad: u64) -> bool {
        self.fail(fault, first_bad);
        self.halted = true;
        false
    }

    /// After a checkpoint that disagrees the pass goes on, after anything else it does not.
    fn stopped(&self) -> bool {
        self.halted
            || self
                .fault
                .as_ref()
                .is_some_and(|fault| !matches!(fault, Fault::Diverged { .. }))
    }
}
