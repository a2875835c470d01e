//! Agents. A removed agent keeps its row, so that requests and entries can still name it.

use countersign_domain::{Agent, AgentId, Timestamp};

use crate::{
    columns,
    error::Result,
    tx::Tx,
    value::{Arg, Row},
};

fn agent(row: Row<'_>) -> Result<Agent> {
    Ok(Agent {
        id: AgentId::from_bytes(row.bytes(0)?),
        name: columns::name(row, 1)?,
        description: row.text(2)?.to_owned(),
        labels: columns::labels(row, 3)?,
        created_at: row.timestamp(4)?,
        revision: row.u64(5)?,
    })
}

/// Adds an agent. Its name must be free.
pub fn insert(tx: &mut Tx<'_>, agent: &Agent) -> Result<()> {
    let labels = columns::to_json(&agent.labels, "labels")?;
    tx.execute(
        "INSERT INTO agent (id, name, description, labels, created_at, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            (&agent.id).into(),
            agent.name.as_str().into(),
            (&agent.description).into(),
            (&labels).into(),
            agent.created_at.into(),
            agent.revision.into(),
        ],
    )?;
    Ok(())
}

/// Every agent that was not removed.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Agent>> {
    tx.query(
        "SELECT id, name, description, labels, created_at, revision FROM agent WHERE removed_at IS NULL",
        &[],
        agent,
    )
}

/// One agent, if it was not removed.
pub fn by_id(tx: &mut Tx<'_>, id: AgentId) -> Result<Option<Agent>> {
    let sql = "SELECT id, name, description, labels, created_at, revision FROM agent WHERE id = ?1 AND removed_at IS NULL";
    tx.query_optional(sql, &[(&id).into()], agent)
}

/// Whether an agent that was not removed has the name.
pub fn name_is_taken(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    let sql = "SELECT id FROM agent WHERE name = ?1 AND removed_at IS NULL";
    Ok(tx
        .query_optional(sql, &[name.into()], |_| Ok(()))?
        .is_some())
}

/// The name of an agent, removed or not.
pub fn name_of(tx: &mut Tx<'_>, id: AgentId) -> Result<Option<countersign_domain::Name>> {
    tx.query_optional(
        "SELECT name FROM agent WHERE id = ?1",
        &[(&id).into()],
        |row| columns::name(row, 0),
    )
}

/// Writes what can change. False if there is no such agent.
pub fn update(tx: &mut Tx<'_>, agent: &Agent) -> Result<bool> {
    let labels = columns::to_json(&agent.labels, "labels")?;
    tx.execute_one(
        "UPDATE agent SET description = ?2, labels = ?3, revision = ?4 WHERE id = ?1 AND removed_at IS NULL",
        &[
            (&agent.id).into(),
            (&agent.description).into(),
            (&labels).into(),
            agent.revision.into(),
        ],
    )
}

/// Removes an agent; its name is free again. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: AgentId, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE agent SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}
