//! The notes outside of the database against the checkpoints in it: every one, not only the last.
//!
//! Cheap: one pass over both, no entry is read. A note whose checkpoint is not in the database any more is handed back, so that it can be
//! compared with the entries themselves.

use countersign_vault::audit::{Checkpoint, CheckpointKey};

use super::NotesFile;
use crate::{
    checkpoints,
    error::{Result, StoreError},
    tx::Tx,
};

/// Checkpoints read at a time.
const WINDOW_ROWS: u32 = 1_000;
/// The most notes without a counterpart that are remembered. The gateway never deletes a checkpoint: so many of them missing is
/// damage in itself.
const MOST_ALONE: usize = 4_096;

/// What comparing the notes with the stored checkpoints found.
#[derive(Debug, Clone, Default)]
pub struct NotesFound {
    /// The most entries that a note covers.
    pub entries: u64,
    /// The largest size up to which notes and checkpoints agree.
    pub agreed: u64,
    /// The smallest size at which a note tells of another history.
    pub forked: Option<u64>,
    /// Whether there is something that is not signed by the key.
    pub invalid: bool,
    /// Signed notes without a stored checkpoint of their size.
    pub alone: Vec<(Checkpoint, String)>,
}

/// Compares every note with the stored checkpoint of its size. Take the file's extent before the transaction begins: a note is
/// written after its checkpoint is.
///
/// # Errors
/// The file or the database can't be read.
pub fn compare_notes(tx: &mut Tx<'_>, key: &CheckpointKey, file: &NotesFile) -> Result<NotesFound> {
    let mut found = NotesFound::default();
    let mut window = Window::default();
    for note in file.notes()? {
        let note = note?;
        let Ok(noted) = Checkpoint::parse_unverified(&note) else {
            found.invalid = true;
            continue;
        };
        let stored = window.at(tx, noted.size)?;
        // The same text on both sides: whether it is signed is looked at where the entries are.
        let agrees = if stored == Some(note.as_str()) {
            true
        } else if key.verify(&note).is_err() {
            found.invalid = true;
            continue;
        } else {
            match stored {
                Some(stored) => key.verify(stored).is_ok_and(|stored| {
                    (stored.size, stored.root, stored.chain)
                        == (noted.size, noted.root, noted.chain)
                }),
                None if found.alone.len() < MOST_ALONE => {
                    found.entries = found.entries.max(noted.size);
                    found.alone.push((noted, note));
                    continue;
                }
                None => false,
            }
        };
        found.entries = found.entries.max(noted.size);
        if !agrees {
            found.forked = Some(found.forked.unwrap_or(u64::MAX).min(noted.size));
        } else if found.forked.is_none() {
            found.agreed = found.agreed.max(noted.size);
        }
    }
    Ok(found)
}

/// A part of the stored checkpoints. Notes come in the order of their sizes, so that each part is read once.
#[derive(Default)]
struct Window {
    from: u64,
    /// Exclusive.
    until: u64,
    rows: Vec<(u64, String)>,
}

impl Window {
    fn at(&mut self, tx: &mut Tx<'_>, size: u64) -> std::result::Result<Option<&str>, StoreError> {
        if !(self.from..self.until).contains(&size) {
            self.rows = checkpoints::notes_from(tx, size, WINDOW_ROWS)?;
            self.from = size;
            self.until = match self.rows.last() {
                Some((last, _)) if self.rows.len() >= WINDOW_ROWS as usize => last + 1,
                _ => u64::MAX,
            };
        }
        Ok(self
            .rows
            .binary_search_by_key(&size, |(size, _)| *size)
            .ok()
            .and_then(|index| self.rows.get(index))
            .map(|(_, note)| note.as_str()))
    }
}
