//! The kill switches that are pulled.

use countersign_domain::{AgentId, Kill, KillScope, TargetId};

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::Row,
};

fn scope(text: &str) -> Option<KillScope> {
    match text.split_once(':') {
        None if text == "all" => Some(KillScope::All),
        Some(("agent", id)) => id.parse::<AgentId>().ok().map(KillScope::Agent),
        Some(("target", id)) => id.parse::<TargetId>().ok().map(KillScope::Target),
        _ => None,
    }
}

fn kill(row: Row<'_>) -> Result<Kill> {
    Ok(Kill {
        scope: scope(row.text(0)?).ok_or(StoreError::Column {
            index: 0,
            expected: "a kill scope",
        })?,
        by: columns::actor(row, 1, 2)?,
        reason: row.text(3)?.to_owned(),
        at: row.timestamp(4)?,
    })
}

/// Pulls a switch. False if it was pulled before: the first one's reason stays.
pub fn insert(tx: &mut Tx<'_>, kill: &Kill) -> Result<bool> {
    let id = kill.by.uuid();
    tx.execute_one(
        "INSERT INTO kill_switch (scope, by_kind, by_id, reason, at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (scope) DO NOTHING",
        &[
            (&kill.scope.to_string()).into(),
            kill.by.kind().into(),
            id.as_ref().into(),
            (&kill.reason).into(),
            kill.at.into(),
        ],
    )
}

/// Every pulled switch.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Kill>> {
    tx.query(
        "SELECT scope, by_kind, by_id, reason, at FROM kill_switch",
        &[],
        kill,
    )
}

/// Releases a switch. False if it was not pulled.
pub fn remove(tx: &mut Tx<'_>, scope: KillScope) -> Result<bool> {
    tx.execute_one(
        "DELETE FROM kill_switch WHERE scope = ?1",
        &[(&scope.to_string()).into()],
    )
}
