//! Delegations: an operator's approver seat, lent to another for a while.

use countersign_domain::{Delegation, DelegationId, OperatorId, Timestamp};

use crate::{error::Result, tx::Tx, value::Row};

fn read(row: Row<'_>) -> Result<Delegation> {
    Ok(Delegation {
        id: DelegationId::from_bytes(row.bytes(0)?),
        from: OperatorId::from_bytes(row.bytes(1)?),
        to: OperatorId::from_bytes(row.bytes(2)?),
        note: row.text(3)?.to_owned(),
        created_at: row.timestamp(4)?,
        expires_at: row.timestamp(5)?,
    })
}

/// Writes a new one.
pub fn insert(tx: &mut Tx<'_>, delegation: &Delegation) -> Result<()> {
    tx.execute(
        "INSERT INTO delegation (id, from_operator, to_operator, note, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            (&delegation.id).into(),
            (&delegation.from).into(),
            (&delegation.to).into(),
            (&delegation.note).into(),
            delegation.created_at.into(),
            delegation.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// Those that hold at a point in time, oldest first.
pub fn live(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Delegation>> {
    tx.query(
        "SELECT id, from_operator, to_operator, note, created_at, expires_at FROM delegation WHERE expires_at > ?1 ORDER BY id",
        &[now.into()],
        read,
    )
}

/// Those to one operator that hold at a point in time, oldest first.
pub fn live_to(tx: &mut Tx<'_>, to: OperatorId, now: Timestamp) -> Result<Vec<Delegation>> {
    tx.query(
        "SELECT id, from_operator, to_operator, note, created_at, expires_at FROM delegation WHERE to_operator = ?1 AND expires_at > ?2 \
         ORDER BY id",
        &[(&to).into(), now.into()],
        read,
    )
}

/// One of them.
pub fn by_id(tx: &mut Tx<'_>, id: DelegationId) -> Result<Option<Delegation>> {
    tx.query_optional(
        "SELECT id, from_operator, to_operator, note, created_at, expires_at FROM delegation WHERE id = ?1",
        &[(&id).into()],
        read,
    )
}

/// Removes one; whether it was there.
pub fn remove(tx: &mut Tx<'_>, id: DelegationId) -> Result<bool> {
    tx.execute_one("DELETE FROM delegation WHERE id = ?1", &[(&id).into()])
}

/// Deletes those that ended before a point in time.
pub fn sweep(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM delegation WHERE expires_at < ?1",
        &[before.into()],
    )?;
    Ok(())
}
