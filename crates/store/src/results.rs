//! Results: what executions answered, masked and sealed, for whoever fetches them later.

use std::time::Duration;

use countersign_domain::{RequestId, Timestamp};

use crate::{error::Result, tx::Tx};

/// Keeps a result until it expires.
pub fn insert(
    tx: &mut Tx<'_>,
    request: RequestId,
    sealed: &[u8],
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO result (request_id, sealed, expires_at) VALUES (?1, ?2, ?3)",
        &[(&request).into(), sealed.into(), expires_at.into()],
    )?;
    Ok(())
}

/// The sealed result of a request, while it is kept.
pub fn find(tx: &mut Tx<'_>, request: RequestId, now: Timestamp) -> Result<Option<Vec<u8>>> {
    tx.query_optional(
        "SELECT sealed FROM result WHERE request_id = ?1 AND expires_at > ?2",
        &[(&request).into(), now.into()],
        |row| Ok(row.blob(0)?.to_vec()),
    )
}

/// Drops what has expired; how many there were. Nothing expires earlier than `shortest_life` after its request was made.
pub fn sweep(tx: &mut Tx<'_>, now: Timestamp, shortest_life: Duration) -> Result<u64> {
    let newest = RequestId::earliest_at(now.saturating_sub(shortest_life));
    tx.execute(
        "DELETE FROM result WHERE request_id < ?1 AND expires_at <= ?2",
        &[(&newest).into(), now.into()],
    )
}
