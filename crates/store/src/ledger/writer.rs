//! Sealing inside a transaction, with a way back if it does not commit.

use std::time::{Duration, Instant};

use countersign_domain::SealedEntry;
use countersign_vault::audit::{CheckpointKey, CheckpointSigner, Sealer};

use super::{Pending, insert_sealed};
use crate::{
    checkpoints,
    error::{Result, StoreError},
    options::{Clock, LedgerOptions},
    shared::Shared,
    tx::Tx,
};

/// What the transaction under way would make of the ledger.
struct Staged {
    sealer: Sealer,
    sealed: Vec<SealedEntry>,
    note: Option<String>,
}

/// Owns the chain's head. INVARIANT: `sealer` is what the database holds; it moves only after a commit.
pub(crate) struct LedgerWriter {
    sealer: Sealer,
    staged: Option<Staged>,
    checkpointed: u64,
    checkpointed_at: Instant,
    signer: CheckpointSigner,
    clock: Clock,
    options: LedgerOptions,
}

impl LedgerWriter {
    pub(crate) fn new(
        sealer: Sealer,
        checkpointed: u64,
        signer: CheckpointSigner,
        clock: Clock,
        options: LedgerOptions,
    ) -> Self {
        Self {
            sealer,
            staged: None,
            checkpointed,
            checkpointed_at: Instant::now(),
            signer,
            clock,
            options,
        }
    }

    /// Where the chain stands in the database, as far as this process knows.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The key that checkpoints are verified with.
    pub(crate) fn key(&self) -> &CheckpointKey {
        self.signer.key()
    }

    /// The size of the last checkpoint that this process knows.
    pub(crate) fn checkpointed(&self) -> u64 {
        self.checkpointed
    }

    /// The signed note of the head as this process knows it, if no checkpoint covers it yet. Nothing of the database is in it.
    pub(crate) fn sign_head(&self) -> Option<String> {
        if self.sealer.next_position() <= self.checkpointed {
            return None;
        }
        let checkpoint = self
            .sealer
            .checkpoint(self.options.origin.clone(), (self.clock)());
        self.signer.sign(&checkpoint).ok()
    }

    /// Takes over what another replica has sealed.
    pub(crate) fn resume(&mut self, sealer: Sealer, checkpointed: u64) {
        self.sealer = sealer;
        if checkpointed != self.checkpointed {
            self.checkpointed = checkpointed;
            self.checkpointed_at = Instant::now();
        }
    }

    /// How long until a checkpoint is due; `None` if there is nothing new to sign.
    pub(crate) fn until_checkpoint(&self) -> Option<Duration> {
        (self.sealer.next_position() > self.checkpointed).then(|| {
            self.options
                .checkpoint_interval
                .saturating_sub(self.checkpointed_at.elapsed())
        })
    }

    /// Whether time, or the end, calls for a checkpoint.
    pub(crate) fn checkpoint_due(&self, closing: bool) -> bool {
        self.until_checkpoint()
            .is_some_and(|left| closing || left.is_zero())
    }

    /// Seals the entries and inserts them.
    pub(crate) fn seal(
        &mut self,
        tx: &mut Tx<'_>,
        entries: &mut Vec<Pending>,
        closing: bool,
    ) -> Result<()> {
        self.stage(entries.drain(..));
        if let Some(staged) = &self.staged {
            for sealed in &staged.sealed {
                insert_sealed(tx, sealed)?;
            }
        }
        self.checkpoint(tx, closing)
    }

    /// Gives the entries their positions without storing anything; they can be looked at with [`LedgerWriter::staged`].
    pub(crate) fn stage(&mut self, entries: impl ExactSizeIterator<Item = Pending>) {
        let mut staged = Staged {
            sealer: self.sealer.clone(),
            sealed: Vec::with_capacity(entries.len()),
            note: None,
        };
        for Pending { entry, mac } in entries {
            staged.sealed.push(staged.sealer.seal(entry, mac));
        }
        self.staged = Some(staged);
    }

    /// The entries of the transaction under way, and the head behind them.
    pub(crate) fn staged(&self) -> Option<(&[SealedEntry], &Sealer)> {
        self.staged
            .as_ref()
            .map(|staged| (staged.sealed.as_slice(), &staged.sealer))
    }

    /// Signs and inserts a checkpoint if one is due.
    pub(crate) fn checkpoint(&mut self, tx: &mut Tx<'_>, closing: bool) -> Result<()> {
        let Some(staged) = &mut self.staged else {
            return Ok(());
        };
        let fresh = staged.sealer.next_position() - self.checkpointed;
        let timely = closing || self.checkpointed_at.elapsed() >= self.options.checkpoint_interval;
        if fresh == 0 || (fresh < self.options.checkpoint_entries && !timely) {
            return Ok(());
        }
        let checkpoint = staged
            .sealer
            .checkpoint(self.options.origin.clone(), (self.clock)());
        let note = self
            .signer
            .sign(&checkpoint)
            .map_err(|error| StoreError::Sealing(error.to_string().into()))?;
        checkpoints::insert(tx, &checkpoint, &note, staged.sealer.frontier())?;
        staged.note = Some(note);
        Ok(())
    }

    /// The transaction is on disk: the head moves, live views hear of it, the note goes into its file.
    pub(crate) fn committed(&mut self, shared: &Shared) {
        let Some(Staged {
            sealer,
            sealed,
            note,
        }) = self.staged.take()
        else {
            return;
        };
        if note.is_some() {
            shared.checkpoint_made();
            self.checkpointed = sealer.next_position();
            self.checkpointed_at = Instant::now();
        }
        self.sealer = sealer;
        if shared.live.is_watched() {
            shared.live.publish(sealed);
        }
        if let Some(note) = note {
            shared.append_note(&note);
        }
    }

    /// The transaction is gone.
    pub(crate) fn rolled_back(&mut self) {
        self.staged = None;
    }
}
