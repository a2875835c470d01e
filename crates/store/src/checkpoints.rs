//! Signed checkpoints of the ledger.

use countersign_domain::Timestamp;
use countersign_vault::audit::{Checkpoint, Frontier};

use crate::{
    error::Result,
    tx::Tx,
    value::{Arg, Row},
};

/// A checkpoint as stored. What it says counts only after its note was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many entries it covers.
    pub size: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The signed note.
    pub note: String,
    /// The tree's compact range at that size: enough to go on, and to prune what is before.
    pub frontier: Vec<u8>,
}

fn checkpoint_of(row: Row<'_>) -> Result<StoredCheckpoint> {
    Ok(StoredCheckpoint {
        size: row.u64(0)?,
        at: row.timestamp(1)?,
        note: row.text(2)?.to_owned(),
        frontier: row.blob(3)?.to_owned(),
    })
}

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    checkpoint: &Checkpoint,
    note: &str,
    frontier: &Frontier,
) -> Result<()> {
    let frontier = frontier.to_bytes();
    tx.execute(
        "INSERT INTO checkpoint (size, at, note, frontier) VALUES (?1, ?2, ?3, ?4)",
        &[
            checkpoint.size.into(),
            checkpoint.at.into(),
            note.into(),
            Arg::Blob(&frontier),
        ],
    )
    .map(drop)
}

/// The newest.
pub fn last(tx: &mut Tx<'_>) -> Result<Option<StoredCheckpoint>> {
    tx.query_optional(
        "SELECT size, at, note, frontier FROM checkpoint ORDER BY size DESC LIMIT 1",
        &[],
        checkpoint_of,
    )
}

/// The one of exactly this size.
pub fn at(tx: &mut Tx<'_>, size: u64) -> Result<Option<StoredCheckpoint>> {
    tx.query_optional(
        "SELECT size, at, note, frontier FROM checkpoint WHERE size = ?1",
        &[size.into()],
        checkpoint_of,
    )
}

/// Up to `limit` of those that cover more than `size` entries, smallest first: page by passing the last size.
pub fn after(tx: &mut Tx<'_>, size: u64, limit: u32) -> Result<Vec<StoredCheckpoint>> {
    tx.query(
        "SELECT size, at, note, frontier FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2",
        &[size.into(), limit.into()],
        checkpoint_of,
    )
}

/// The sizes and notes of up to `limit` of those that cover `size` entries or more, smallest first.
pub(crate) fn notes_from(tx: &mut Tx<'_>, size: u64, limit: u32) -> Result<Vec<(u64, String)>> {
    tx.query(
        "SELECT size, note FROM checkpoint WHERE size >= ?1 ORDER BY size LIMIT ?2",
        &[size.into(), limit.into()],
        |row| Ok((row.u64(0)?, row.text(1)?.to_owned())),
    )
}

/// Up to `limit` of the newest, newest first.
pub fn newest(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<StoredCheckpoint>> {
    tx.query(
        "SELECT size, at, note, frontier FROM checkpoint ORDER BY size DESC LIMIT ?1",
        &[limit.into()],
        checkpoint_of,
    )
}

/// The newest one made before a time: under it, older entries can be pruned.
pub fn before(tx: &mut Tx<'_>, at: Timestamp) -> Result<Option<StoredCheckpoint>> {
    tx.query_optional(
        "SELECT size, at, note, frontier FROM checkpoint WHERE at < ?1 ORDER BY size DESC LIMIT 1",
        &[at.into()],
        checkpoint_of,
    )
}
