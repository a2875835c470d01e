//! Where the ledger stands when the store is opened: the last checkpoint and the entries behind it.

use countersign_vault::audit::{Checkpoint, CheckpointKey, Frontier, Sealer};

use super::{LedgerState, Notes, NotesFound, compare_notes, is_genuine};
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
    let mut found = match notes {
        Some(notes) => compare_notes(tx, key, &notes.file()?)?,
        None => NotesFound::default(),
    };
    let last = match notes.and_then(Notes::last).map(|note| key.verify(note)) {
        None => None,
        Some(Ok(checkpoint)) => Some(checkpoint),
        Some(Err(_)) => {
            found.invalid = true;
            None
        }
    };
    let mut rebuilt = follow(tx, key, &found, last.as_ref())?;
    if found.invalid {
        rebuilt = rebuilt.unless_worse(LedgerState::NotesInvalid);
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

fn follow(
    tx: &mut Tx<'_>,
    key: &CheckpointKey,
    found: &NotesFound,
    last: Option<&Checkpoint>,
) -> Result<Rebuilt> {
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
    // Notes of the part that is recomputed here and has no checkpoint in the database.
    let mut noted: Vec<&Checkpoint> = found
        .alone
        .iter()
        .map(|(checkpoint, _)| checkpoint)
        .chain(last)
        .filter(|noted| noted.size >= sealer.next_position())
        .collect();
    noted.sort_unstable_by_key(|noted| noted.size);
    let mut noted = noted.into_iter().peekable();
    let mut forked = found.forked;
    let mut compare = |sealer: &Sealer| {
        while let Some(noted) = noted.next_if(|noted| noted.size <= sealer.next_position()) {
            if (noted.root, noted.chain) != (sealer.frontier().root(), sealer.chain()) {
                forked = Some(forked.unwrap_or(u64::MAX).min(noted.size));
            }
        }
    };
    compare(&sealer);
    let mac = tx.mac();
    let mut canonical = Vec::new();
    loop {
        let before = sealer.next_position();
        let mut bad = None;
        let read = audit::visit(tx, before, CHUNK_ENTRIES, |sealed| {
            if !is_genuine(mac, &sealed, &mut canonical) || sealer.absorb(&sealed).is_err() {
                bad = Some(sealer.next_position());
                return false;
            }
            compare(&sealer);
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
    // The notes stopped earlier than the database. The checkpoint of that size must be there.
    if let Some(last) = last
        && last.size < checkpointed
        && found.alone.iter().any(|(alone, _)| alone == last)
    {
        forked = Some(forked.unwrap_or(u64::MAX).min(last.size));
    }
    let state = if let Some(entries) = forked {
        LedgerState::Forked {
            entries,
            agreed: found.agreed.min(entries),
        }
    } else if found.entries > sealer.next_position() {
        LedgerState::RolledBack {
            noted_entries: found.entries,
            stored_entries: sealer.next_position(),
        }
    } else {
        LedgerState::Healthy
    };
    Ok(Rebuilt {
        sealer,
        checkpointed,
        state,
    })
}
