//! The ledger's life in the store: giving positions, checkpoints, the notes outside of the database, the start.

mod compare;
mod live;
mod notes;
mod rebuild;
mod rows;
mod state;
mod writer;

pub use compare::{NotesFound, compare_notes};
pub use live::{LiveEntries, LiveSignal};
pub use notes::{NoteReader, NotesError, NotesFile, read_notes};
pub use state::LedgerState;

pub(crate) use live::Live;
pub(crate) use notes::Notes;
pub(crate) use rebuild::{Rebuilt, rebuild};
pub(crate) use rows::{
    COLUMNS, Pending, entry_columns, entry_of, insert_sealed, insert_unsealed, is_genuine,
    unsealed_of,
};
pub(crate) use writer::LedgerWriter;
