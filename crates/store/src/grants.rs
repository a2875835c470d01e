//! Grants.

use countersign_domain::{AgentId, Grant, GrantId, ProfileId, TargetId};

use crate::{columns, error::Result, tx::Tx, value::Row};

fn grant(row: Row<'_>) -> Result<Grant> {
    Ok(Grant {
        id: GrantId::from_bytes(row.bytes(0)?),
        agent: AgentId::from_bytes(row.bytes(1)?),
        target: TargetId::from_bytes(row.bytes(2)?),
        profile: ProfileId::from_bytes(row.bytes(3)?),
        action: columns::parsed(row, 4, "an action pattern")?,
        verdict: columns::parsed(row, 5, "a grant's verdict")?,
        expires_at: row.optional_timestamp(6)?,
        labels: columns::labels(row, 7)?,
        created_at: row.timestamp(8)?,
    })
}

/// Adds a grant.
pub fn insert(tx: &mut Tx<'_>, grant: &Grant) -> Result<()> {
    let labels = columns::to_json(&grant.labels, "labels")?;
    tx.execute(
        "INSERT INTO agent_grant (id, agent_id, target_id, profile_id, action, verdict, expires_at, labels, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            (&grant.id).into(),
            (&grant.agent).into(),
            (&grant.target).into(),
            (&grant.profile).into(),
            grant.action.as_str().into(),
            grant.verdict.as_str().into(),
            grant.expires_at.into(),
            (&labels).into(),
            grant.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Every grant, also expired ones.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Grant>> {
    tx.query(
        "SELECT id, agent_id, target_id, profile_id, action, verdict, expires_at, labels, created_at FROM agent_grant",
        &[],
        grant,
    )
}

/// Removes a grant. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: GrantId) -> Result<bool> {
    tx.execute_one("DELETE FROM agent_grant WHERE id = ?1", &[(&id).into()])
}

/// Removes every grant of an agent; how many.
pub fn remove_of_agent(tx: &mut Tx<'_>, agent: AgentId) -> Result<u64> {
    tx.execute(
        "DELETE FROM agent_grant WHERE agent_id = ?1",
        &[(&agent).into()],
    )
}

/// Removes every grant on a target; how many.
pub fn remove_of_target(tx: &mut Tx<'_>, target: TargetId) -> Result<u64> {
    tx.execute(
        "DELETE FROM agent_grant WHERE target_id = ?1",
        &[(&target).into()],
    )
}

/// Removes every grant on a profile; how many.
pub fn remove_of_profile(tx: &mut Tx<'_>, profile: ProfileId) -> Result<u64> {
    tx.execute(
        "DELETE FROM agent_grant WHERE profile_id = ?1",
        &[(&profile).into()],
    )
}
