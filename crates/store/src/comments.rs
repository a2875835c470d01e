//! What operators write on requests.

use countersign_domain::{Comment, CommentId, OperatorId, RequestId};

use crate::{error::Result, tx::Tx, value::Row};

fn read(row: Row<'_>) -> Result<Comment> {
    Ok(Comment {
        id: CommentId::from_bytes(row.bytes(0)?),
        request: RequestId::from_bytes(row.bytes(1)?),
        by: OperatorId::from_bytes(row.bytes(2)?),
        body: row.text(3)?.to_owned(),
        at: row.timestamp(4)?,
    })
}

/// Writes one.
pub fn insert(tx: &mut Tx<'_>, comment: &Comment) -> Result<()> {
    tx.execute(
        "INSERT INTO request_comment (id, request_id, operator_id, body, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            (&comment.id).into(),
            (&comment.request).into(),
            (&comment.by).into(),
            (&comment.body).into(),
            comment.at.into(),
        ],
    )?;
    Ok(())
}

/// Those on a request, oldest first.
pub fn of_request(tx: &mut Tx<'_>, request: RequestId, limit: u32) -> Result<Vec<Comment>> {
    tx.query(
        "SELECT id, request_id, operator_id, body, at FROM request_comment WHERE request_id = ?1 ORDER BY at, id LIMIT ?2",
        &[(&request).into(), limit.into()],
        read,
    )
}
