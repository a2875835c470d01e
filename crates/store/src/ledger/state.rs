//! Whether the ledger and what was written about it fit together.

/// What the start found, or the sealer later. Anything that contradicts a signed checkpoint stops writes until an operator has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerState {
    /// Everything fits.
    #[error("the ledger fits its checkpoints")]
    Healthy,
    /// The database has checkpoints, but the notes outside of it are gone: a rollback could not be noticed. Writes go on, with a
    /// new file.
    #[error(
        "the file of checkpoints is missing although the ledger has {stored_entries} entries: a rollback of the database could not be noticed"
    )]
    NotesMissing {
        /// Entries in the database.
        stored_entries: u64,
    },
    /// The notes know more entries than the database: an old copy was put back, or its end was cut off.
    #[error(
        "the ledger was rolled back: a checkpoint outside of the database knows {noted_entries} entries, the database has {stored_entries}"
    )]
    RolledBack {
        /// Entries that the last note signs.
        noted_entries: u64,
        /// Entries in the database.
        stored_entries: u64,
    },
    /// The notes and the database tell different histories.
    #[error(
        "the ledger was forked: its first {entries} entries are not those of the checkpoint outside of the database; the two agree on the first {agreed}"
    )]
    Forked {
        /// The size at which they differ.
        entries: u64,
        /// How many entries they agree on, by the last note that the database bears out.
        agreed: u64,
    },
    /// A note outside of the database can't be read or is not signed by this vault's key.
    #[error("the file of checkpoints was changed: a note in it is not signed by this vault")]
    NotesInvalid,
    /// A stored entry does not follow from those before it.
    #[error(
        "the ledger was changed: the entry at position {position} does not follow from those before it; restore a backup"
    )]
    Edited {
        /// The first bad position.
        position: u64,
    },
    /// The last checkpoint in the database can't be used to go on.
    #[error(
        "the stored checkpoint at {size} entries is damaged or was not signed by this vault; restore a backup"
    )]
    CheckpointInvalid {
        /// Its size.
        size: u64,
    },
}

impl LedgerState {
    /// The first entry that can't be vouched for, where that is known.
    pub fn first_bad(&self) -> Option<u64> {
        match self {
            Self::RolledBack { stored_entries, .. } => Some(*stored_entries),
            Self::Forked { agreed, .. } => Some(*agreed),
            Self::Edited { position } => Some(*position),
            _ => None,
        }
    }

    /// Whether writes are refused.
    pub fn refuses_writes(&self) -> bool {
        !matches!(self, Self::Healthy | Self::NotesMissing { .. })
    }

    /// Whether an operator can take note of it and go on: the database itself must be sound for that.
    pub fn can_be_acknowledged(&self) -> bool {
        matches!(
            self,
            Self::RolledBack { .. }
                | Self::Forked { .. }
                | Self::NotesInvalid
                | Self::NotesMissing { .. }
        )
    }
}
