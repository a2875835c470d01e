//! The bodies behind entries: sealed by the vault before they come here, and deletable without breaking the chain.

use std::collections::HashSet;

use countersign_domain::{EntryId, Timestamp};

use crate::{columns, error::Result, tx::Tx, value::Arg};

/// Keeps the sealed body of an entry, in the transaction of the entry.
pub fn insert(tx: &mut Tx<'_>, entry: EntryId, at: Timestamp, sealed: &[u8]) -> Result<()> {
    tx.execute(
        "INSERT INTO evidence (entry_id, at, sealed) VALUES (?1, ?2, ?3)",
        &[(&entry).into(), at.into(), Arg::Blob(sealed)],
    )
    .map(drop)
}

/// The sealed body; `None` if it was deleted or never kept.
pub fn get(tx: &mut Tx<'_>, entry: EntryId) -> Result<Option<Vec<u8>>> {
    tx.query_optional(
        "SELECT sealed FROM evidence WHERE entry_id = ?1",
        &[(&entry).into()],
        |row| row.blob(0).map(<[u8]>::to_vec),
    )
}

/// What a list gets of an entry's evidence: never a long body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// The sealed body: it is short.
    Whole(Vec<u8>),
    /// The sealed brief of a long one.
    Brief(Vec<u8>),
}

/// Keeps the sealed brief of a long body, behind [`insert`] in the same transaction; it is deleted with the body.
pub fn insert_brief(tx: &mut Tx<'_>, entry: EntryId, sealed: &[u8]) -> Result<()> {
    tx.execute(
        "INSERT INTO evidence_brief (entry_id, sealed) VALUES (?1, ?2)",
        &[(&entry).into(), Arg::Blob(sealed)],
    )
    .map(drop)
}

/// The evidence of several entries for a list: the body if it is no longer than a bound, else its brief; those that are there. Long
/// bodies are not read.
pub fn listed(
    tx: &mut Tx<'_>,
    entries: &[EntryId],
    limit_bytes: u32,
) -> Result<Vec<(EntryId, Listed)>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT entry_id, sealed FROM evidence WHERE entry_id IN ({}) AND length(sealed) <= {limit_bytes}",
        columns::placeholders(entries.len())
    );
    let args: Vec<Arg<'_>> = entries.iter().map(Into::into).collect();
    let mut found = tx.query_built(&sql, &args, |row| {
        let id = EntryId::from_bytes(row.bytes(0)?);
        Ok((id, Listed::Whole(row.blob(1)?.to_vec())))
    })?;
    let short: HashSet<EntryId> = found.iter().map(|(id, _)| *id).collect();
    let args: Vec<Arg<'_>> = entries
        .iter()
        .filter(|id| !short.contains(id))
        .map(Into::into)
        .collect();
    if !args.is_empty() {
        let sql = format!(
            "SELECT entry_id, sealed FROM evidence_brief WHERE entry_id IN ({})",
            columns::placeholders(args.len())
        );
        found.extend(tx.query_built(&sql, &args, |row| {
            let id = EntryId::from_bytes(row.bytes(0)?);
            Ok((id, Listed::Brief(row.blob(1)?.to_vec())))
        })?);
    }
    Ok(found)
}

/// Deletes one body; whether it was there.
pub fn delete(tx: &mut Tx<'_>, entry: EntryId) -> Result<bool> {
    tx.execute_one(
        "DELETE FROM evidence WHERE entry_id = ?1",
        &[(&entry).into()],
    )
}

/// Deletes the bodies behind the `limit` oldest entries below a position, in step with [`crate::audit::prune`]; how many.
pub fn delete_under(tx: &mut Tx<'_>, position: u64, limit: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM evidence WHERE entry_id IN (SELECT id FROM audit_entry WHERE position < ?1 ORDER BY position LIMIT ?2) AND \
         entry_id NOT IN (SELECT evidence_entry FROM request WHERE state IN ('pending', 'approved', 'executing'))",
        &[position.into(), limit.into()],
    )
}

/// Deletes up to `limit` bodies that are older, but for those of requests that still move: what was approved must stay there to be
/// run. How many. Call again until it is 0, one unit each, so that no unit is long.
pub fn delete_before(tx: &mut Tx<'_>, at: Timestamp, limit: u32) -> Result<u64> {
    // An entry's id begins with its time: the range of ids is the range of time, without an index of its own.
    let from = EntryId::earliest_at(at);
    tx.execute(
        "DELETE FROM evidence WHERE entry_id IN (SELECT entry_id FROM evidence WHERE entry_id < ?1 AND entry_id NOT IN \
         (SELECT evidence_entry FROM request WHERE state IN ('pending', 'approved', 'executing')) ORDER BY entry_id LIMIT ?2)",
        &[(&from).into(), limit.into()],
    )
}
