//! Requests that go to others when nobody has decided by a point in time.

use countersign_domain::{RequestId, Timestamp};

use crate::{error::Result, tx::Tx};

/// Notes when a request goes to others.
pub fn insert(tx: &mut Tx<'_>, request: RequestId, due_at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO escalation_due (request_id, due_at) VALUES (?1, ?2)",
        &[(&request).into(), due_at.into()],
    )?;
    Ok(())
}

/// Those that are due, the longest due first.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<RequestId>> {
    tx.query(
        "SELECT request_id FROM escalation_due WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        &[now.into(), limit.into()],
        |row| Ok(RequestId::from_bytes(row.bytes(0)?)),
    )
}

/// Takes one off the list: of several gateways one finds it there.
pub fn take(tx: &mut Tx<'_>, request: RequestId) -> Result<bool> {
    tx.execute_one(
        "DELETE FROM escalation_due WHERE request_id = ?1",
        &[(&request).into()],
    )
}
