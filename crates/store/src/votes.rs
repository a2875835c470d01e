//! Votes: what operators said about a request.

use countersign_domain::{OperatorId, RequestId, Vote, VoteKind};

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::{Arg, Row},
};

/// Writes a vote; false if the operator has already voted on the request.
pub fn insert(tx: &mut Tx<'_>, vote: &Vote) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO vote (request_id, operator_id, kind, note, is_self_approved, at, label, on_behalf_of) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT DO NOTHING",
        &[
            (&vote.request).into(),
            (&vote.operator).into(),
            vote.kind.as_str().into(),
            (&vote.note).into(),
            vote.is_self_approved.into(),
            vote.at.into(),
            vote.label.as_ref().into(),
            vote.on_behalf_of.as_ref().into(),
        ],
    )
}

/// Every vote on a request, oldest first.
pub fn of_request(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Vote>> {
    tx.query(
        "SELECT request_id, operator_id, kind, note, is_self_approved, at, label, on_behalf_of FROM vote WHERE request_id = ?1 ORDER BY at, operator_id",
        &[(&request).into()],
        read,
    )
}

/// Every vote on any of some requests, oldest first.
pub fn of_requests(tx: &mut Tx<'_>, requests: &[RequestId]) -> Result<Vec<Vote>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT request_id, operator_id, kind, note, is_self_approved, at, label, on_behalf_of FROM vote WHERE request_id IN ({}) ORDER BY at, operator_id",
        columns::placeholders(requests.len())
    );
    let args: Vec<Arg<'_>> = requests.iter().map(Into::into).collect();
    tx.query_built(&sql, &args, read)
}

fn read(row: Row<'_>) -> Result<Vote> {
    Ok(Vote {
        request: RequestId::from_bytes(row.bytes(0)?),
        operator: OperatorId::from_bytes(row.bytes(1)?),
        kind: match row.text(2)? {
            "approve" => VoteKind::Approve,
            "deny" => VoteKind::Deny,
            _ => {
                return Err(StoreError::Column {
                    index: 2,
                    expected: "a vote",
                });
            }
        },
        note: row.text(3)?.to_owned(),
        is_self_approved: row.bool(4)?,
        at: row.timestamp(5)?,
        label: row.optional_text(6)?.map(str::to_owned),
        on_behalf_of: row.optional_bytes(7)?.map(OperatorId::from_bytes),
    })
}
