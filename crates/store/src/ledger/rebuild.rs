//! Where the ledger stands when the store is opened: the last checkpoint and the entries behind it.

use countersign_vault::audit::{Checkpoint, CheckpointKey, Frontier, Sealer};

use super::{LedgerState, Notes};
use crate::{
    audit, checkpoints,
    error::{Result, StoreError},
    tx::{Engine, Tx},
};

/// Entries read at a time.
const CHUNK_ENTRIES: u32 = 1_000;

pub(crate) struct Rebuilt {
    pub(crate) sealer: Sealer,
    /// The size of the last checkpoint.
    pub(crate) checkpointed: u64,
    pub(crate) state: LedgerState,
}

/// Reads the end of the ledger, recomputes it and compares it with the notes.
pub(crate) fn rebuild(
    tx: &mut Tx<'_>,
    key: &CheckpointKey,
    notes: Option<&Notes>,
) -> Result<Rebuilt> {
    let noted = match notes.and_then(Notes::last).map(|note| key.verify(note)) {
        None => None,
        Some(Ok(checkpoint)) => Some(checkpoint),
        Some(Err(_)) => {
            return follow(tx, key, None)
                .map(|rebuilt| rebuilt.unless_worse(LedgerState::NotesInvalid));
        }
    };
    let mut rebuilt = follow(tx, key, noted.as_ref())?;
    if let (LedgerState::Forked { agreed, .. }, Some(notes)) = (&mut rebuilt.state, notes) {
        *agreed = last_agreement(tx, key, notes)?;
    }
    let stored_entries = rebuilt.sealer.next_position();
    // A replica's first start on a shared database has no notes, and that is as it should be.
    if tx.engine() == Engine::Sqlite
        && rebuilt.checkpointed > 0
        && notes.is_some_and(|notes| notes.last().is_none())
    {
        return Ok(rebuilt.unless_worse(LedgerState::NotesMissing { stored_entries }));
    }
    Ok(rebuilt)
}

/// The size of the last note that the database has the same checkpoint of; 0 if there is none.
fn last_agreement(tx: &mut Tx<'_>, key: &CheckpointKey, notes: &Notes) -> Result<u64> {
    let mut agreed = 0;
    for noted in notes.all()?.iter().filter_map(|note| key.verify(note).ok()) {
        let stored = checkpoints::at(tx, noted.size)?;
        let stored = stored.and_then(|stored| key.verify(&stored.note).ok());
        if stored.is_some_and(|stored| stored.root == noted.root && stored.chain == noted.chain) {
            agreed = agreed.max(noted.size);
        }
    }
    Ok(agreed)
}

impl Rebuilt {
    fn unless_worse(mut self, state: LedgerState) -> Self {
        if self.state == LedgerState::Healthy {
            self.state = state;
        }
        self
    }

    fn broken(state: LedgerState) -> Self {
        Self {
            sealer: Sealer::genesis(),
            checkpointed: 0,
            state,
        }
    }
}

/// The first position that is not as the checkpoint says, as far as its last entry tells: the end cut off, or another entry there.
/// Everything before is `audit verify`'s to look at. A ledger that was pruned up to the checkpoint has nothing to compare.
fn broken_under(tx: &mut Tx<'_>, checkpoint: &Checkpoint) -> Result<Option<u64>> {
    let Some(last) = audit::last_before(tx, checkpoint.size)? else {
        return Ok(None);
    };
    if last + 1 < checkpoint.size {
        return Ok(Some(last + 1));
    }
    match audit::get(tx, last) {
        Ok(Some(sealed)) if sealed.chain == checkpoint.chain => Ok(None),
        Ok(_) | Err(StoreError::Column { .. } | StoreError::Sealing(_)) => Ok(Some(last)),
        Err(error) => Err(error),
    }
}

fn follow(tx: &mut Tx<'_>, key: &CheckpointKey, noted: Option<&Checkpoint>) -> Result<Rebuilt> {
    let stored = checkpoints::last(tx)?;
    let checkpointed = stored.as_ref().map_or(0, |stored| stored.size);
    let mut sealer = match &stored {
        None => Sealer::genesis(),
        Some(stored) => {
            let invalid = || Rebuilt::broken(LedgerState::CheckpointInvalid { size: stored.size });
            let Ok(checkpoint) = key.verify(&stored.note) else {
                return Ok(invalid());
            };
            let Ok(frontier) = Frontier::from_bytes(&stored.frontier) else {
                return Ok(invalid());
            };
            if checkpoint.size != stored.size {
                return Ok(invalid());
            }
            if let Some(position) = broken_under(tx, &checkpoint)? {
                return Ok(Rebuilt::broken(LedgerState::Edited { position }));
            }
            match Sealer::resume(&checkpoint, frontier) {
                Ok(sealer) => sealer,
                Err(_) => return Ok(invalid()),
            }
        }
    };
    let mut state = LedgerState::Healthy;
    let compare = |sealer: &Sealer, state: &mut LedgerState| {
        if let Some(noted) = noted
            && noted.size == sealer.next_position()
            && (noted.root != sealer.frontier().root() || noted.chain != sealer.chain())
        {
            *state = LedgerState::Forked {
                entries: noted.size,
                agreed: 0,
            };
        }
    };
    compare(&sealer, &mut state);
    loop {
        let before = sealer.next_position();
        let mut bad = None;
        let read = audit::visit(tx, before, CHUNK_ENTRIES, |sealed| {
            if sealer.absorb(&sealed).is_err() {
                bad = Some(sealer.next_position());
                return false;
            }
            compare(&sealer, &mut state);
            true
        });
        match read {
            Ok(_) => {}
            // A row that can't be read was not written like that.
            Err(StoreError::Column { .. } | StoreError::Sealing(_)) => {
                bad = Some(sealer.next_position());
            }
            Err(error) => return Err(error),
        }
        if let Some(position) = bad {
            return Ok(Rebuilt::broken(LedgerState::Edited { position }));
        }
        if sealer.next_position() == before {
            break;
        }
    }
    if let Some(noted) = noted {
        if noted.size > sealer.next_position() {
            state = LedgerState::RolledBack {
                noted_entries: noted.size,
                stored_entries: sealer.next_position(),
            };
        } else if noted.size < checkpointed {
            // The notes stopped earlier than the database. The checkpoint of that size must be the same one.
            let same = checkpoints::at(tx, noted.size)?
                .and_then(|stored| key.verify(&stored.note).ok())
                .is_some_and(|stored| stored.root == noted.root && stored.chain == noted.chain);
            if !same {
                state = LedgerState::Forked {
                    entries: noted.size,
                    agreed: 0,
                };
            }
        }
    }
    Ok(Rebuilt {
        sealer,
        checkpointed,
        state,
    })
}
