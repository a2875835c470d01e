//! Findings that operators have called wrong: labelled cases for later training.

use countersign_domain::{OperatorId, RequestId, Timestamp};

use crate::{error::Result, tx::Tx, value::Row};

/// One finding that was called wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanCaseRow {
    /// The request that it was found in.
    pub request: RequestId,
    /// Its number among the request's findings.
    pub finding: u32,
    /// What it was taken for.
    pub category: String,
    /// Who called it wrong.
    pub operator: OperatorId,
    /// When.
    pub at: Timestamp,
    /// The text that was looked at, with what is known of it.
    pub sealed: Vec<u8>,
}

fn read(row: Row<'_>) -> Result<ScanCaseRow> {
    Ok(ScanCaseRow {
        request: RequestId::from_bytes(row.bytes(0)?),
        finding: row.u32(1)?,
        category: row.text(2)?.to_owned(),
        operator: OperatorId::from_bytes(row.bytes(3)?),
        at: row.timestamp(4)?,
        sealed: row.blob(5)?.to_vec(),
    })
}

/// Keeps a case; false if there is one of this finding.
pub fn insert(tx: &mut Tx<'_>, case: &ScanCaseRow) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO scan_case (request_id, finding, category, operator_id, at, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT DO NOTHING",
        &[
            (&case.request).into(),
            case.finding.into(),
            (&case.category).into(),
            (&case.operator).into(),
            case.at.into(),
            (&case.sealed).into(),
        ],
    )
}

/// The cases of a request, by finding.
pub fn of_request(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<ScanCaseRow>> {
    tx.query(
        "SELECT request_id, finding, category, operator_id, at, sealed FROM scan_case WHERE request_id = ?1 ORDER BY finding",
        &[(&request).into()],
        read,
    )
}

/// Cases behind one, in the order of their requests.
pub fn page(
    tx: &mut Tx<'_>,
    after: Option<(RequestId, u32)>,
    limit: u32,
) -> Result<Vec<ScanCaseRow>> {
    let Some((request, finding)) = after else {
        return tx.query(
            "SELECT request_id, finding, category, operator_id, at, sealed FROM scan_case ORDER BY request_id, finding LIMIT ?1",
            &[limit.into()],
            read,
        );
    };
    tx.query(
        "SELECT request_id, finding, category, operator_id, at, sealed FROM scan_case \
         WHERE request_id > ?1 OR (request_id = ?1 AND finding > ?2) ORDER BY request_id, finding LIMIT ?3",
        &[(&request).into(), finding.into(), limit.into()],
        read,
    )
}
