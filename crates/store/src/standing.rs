//! Standing approvals.

use countersign_domain::{
    AgentId, Digest, OperatorId, ProfileId, RequestId, StandingApproval, StandingApprovalId,
    Timestamp,
};

use crate::{columns, error::Result, tx::Tx, value::Row};

fn standing(row: Row<'_>) -> Result<StandingApproval> {
    Ok(StandingApproval {
        id: StandingApprovalId::from_bytes(row.bytes(0)?),
        from: RequestId::from_bytes(row.bytes(1)?),
        by: OperatorId::from_bytes(row.bytes(2)?),
        agent: AgentId::from_bytes(row.bytes(3)?),
        profile: ProfileId::from_bytes(row.bytes(4)?),
        action: row.text(5)?.to_owned(),
        constraint: columns::json(row, 6, "a constraint")?,
        expires_at: row.timestamp(7)?,
        uses_left: row.u32(8)?,
        payload: row.optional_bytes(9)?.map(Digest),
        // Without one nothing is equal to it.
        bound: Digest(row.optional_bytes(10)?.unwrap_or_default()),
        created_at: row.timestamp(11)?,
        uses: row.u32(12)?,
    })
}

macro_rules! columns {
    () => {
        "id, request_id, operator_id, agent_id, profile_id, action, matcher, expires_at, uses_left, payload_hash, bound_hash, \
         created_at, uses"
    };
}

/// Every standing approval that has a use left, also expired ones.
pub fn usable(tx: &mut Tx<'_>) -> Result<Vec<StandingApproval>> {
    tx.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM standing_approval WHERE uses_left > 0 ORDER BY id"
        ),
        &[],
        standing,
    )
}

/// One of them, used up or not.
pub fn by_id(tx: &mut Tx<'_>, id: StandingApprovalId) -> Result<Option<StandingApproval>> {
    tx.query_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM standing_approval WHERE id = ?1"
        ),
        &[(&id).into()],
        standing,
    )
}

/// Writes a new one.
pub fn insert(tx: &mut Tx<'_>, standing: &StandingApproval) -> Result<()> {
    let matcher = columns::to_json(&standing.constraint, "a constraint")?;
    let payload = standing.payload.as_ref().map(|digest| &digest.0);
    tx.execute(
        concat!(
            "INSERT INTO standing_approval (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        ),
        &[
            (&standing.id).into(),
            (&standing.from).into(),
            (&standing.by).into(),
            (&standing.agent).into(),
            (&standing.profile).into(),
            (&standing.action).into(),
            (&matcher).into(),
            standing.expires_at.into(),
            standing.uses_left.into(),
            payload.into(),
            (&standing.bound.0).into(),
            standing.created_at.into(),
            standing.uses.into(),
        ],
    )?;
    Ok(())
}

/// Takes one use, if there is one left; how many are left then. The last one moves the configuration epoch, so that every replica
/// stops counting on it.
pub fn take_use(tx: &mut Tx<'_>, id: StandingApprovalId) -> Result<Option<u32>> {
    let sql = "UPDATE standing_approval SET uses_left = uses_left - 1 WHERE id = ?1 AND uses_left > 0 RETURNING uses_left";
    let left = tx.query_optional(sql, &[(&id).into()], |row| row.u32(0))?;
    if left == Some(0) {
        tx.bump_epoch()?;
    }
    Ok(left)
}

/// How many uses each has left: the snapshot knows only those at the last change.
pub fn uses_left(tx: &mut Tx<'_>) -> Result<Vec<(StandingApprovalId, u32)>> {
    tx.query(
        "SELECT id, uses_left FROM standing_approval WHERE uses_left > 0",
        &[],
        |row| Ok((StandingApprovalId::from_bytes(row.bytes(0)?), row.u32(1)?)),
    )
}

/// Removes one; whether it was there.
pub fn remove(tx: &mut Tx<'_>, id: StandingApprovalId) -> Result<bool> {
    tx.execute_one(
        "DELETE FROM standing_approval WHERE id = ?1",
        &[(&id).into()],
    )
}

/// Deletes what can answer nothing any more since before a point in time.
pub fn sweep(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM standing_approval WHERE expires_at < ?1",
        &[before.into()],
    )?;
    Ok(())
}
