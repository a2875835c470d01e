//! Overrides of agents.

use countersign_domain::{Glob, Override, OverrideId, Timestamp};

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::Row,
};

fn read(row: Row<'_>) -> Result<Override> {
    Ok(Override {
        id: OverrideId::from_bytes(row.bytes(0)?),
        agent: row.text(1)?.to_owned(),
        action: Glob::new(row.text(2)?).map_err(|_| StoreError::Column {
            index: 2,
            expected: "a pattern",
        })?,
        verdict: columns::parsed(row, 3, "a verdict")?,
        reason: row.text(4)?.to_owned(),
        created_at: row.timestamp(5)?,
        expires_at: row.optional_timestamp(6)?,
    })
}

/// Every override that has not ended, oldest first.
pub fn live(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Override>> {
    tx.query(
        "SELECT id, agent, action, verdict, reason, created_at, expires_at FROM agent_override \
         WHERE expires_at IS NULL OR expires_at > ?1 ORDER BY created_at, id",
        &[now.into()],
        read,
    )
}

/// Adds an override, and forgets those that have ended.
pub fn insert(tx: &mut Tx<'_>, one: &Override) -> Result<()> {
    tx.execute(
        "DELETE FROM agent_override WHERE expires_at <= ?1",
        &[one.created_at.into()],
    )?;
    tx.execute(
        "INSERT INTO agent_override (id, agent, action, verdict, reason, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            (&one.id).into(),
            (&one.agent).into(),
            one.action.as_str().into(),
            one.says().as_str().into(),
            (&one.reason).into(),
            one.created_at.into(),
            one.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// Removes an override. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: OverrideId) -> Result<bool> {
    tx.execute_one("DELETE FROM agent_override WHERE id = ?1", &[(&id).into()])
}
