//! Standing approvals.

use countersign_domain::{
    AgentId, OperatorId, ProfileId, RequestId, StandingApproval, StandingApprovalId,
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
    })
}

/// Every standing approval that has a use left, also expired ones.
pub fn usable(tx: &mut Tx<'_>) -> Result<Vec<StandingApproval>> {
    tx.query(
        "SELECT id, request_id, operator_id, agent_id, profile_id, action, matcher, expires_at, uses_left FROM standing_approval \
         WHERE uses_left > 0",
        &[],
        standing,
    )
}

/// Takes one use, if there is one left. The last one moves the configuration epoch, so that every replica stops counting on it.
pub fn take_use(tx: &mut Tx<'_>, id: StandingApprovalId) -> Result<bool> {
    let sql = "UPDATE standing_approval SET uses_left = uses_left - 1 WHERE id = ?1 AND uses_left > 0 RETURNING uses_left";
    let left = tx.query_optional(sql, &[(&id).into()], |row| row.u32(0))?;
    if left == Some(0) {
        tx.bump_epoch()?;
    }
    Ok(left.is_some())
}
