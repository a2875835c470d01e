//! Decision links: what their tokens are derived from. The tokens are not kept.

use countersign_domain::{Digest, KeyId, OperatorId, RequestId, Timestamp};
use uuid::Uuid;

use crate::{error::Result, tx::Tx, value::Row};

/// A pair of links, one to approve and one to deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionLink {
    /// What makes it one of its own. No secret.
    pub nonce: Uuid,
    /// What it decides on.
    pub request: RequestId,
    /// As whom.
    pub approver: OperatorId,
    /// The key that it was made with, where it was one: it dies with it.
    pub key: Option<KeyId>,
    /// The payload that it was made for.
    pub payload: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When one of the pair was used.
    pub used_at: Option<Timestamp>,
}

fn read(row: Row<'_>) -> Result<DecisionLink> {
    Ok(DecisionLink {
        nonce: Uuid::from_bytes(row.bytes(0)?),
        request: RequestId::from_bytes(row.bytes(1)?),
        approver: OperatorId::from_bytes(row.bytes(2)?),
        key: row.optional_bytes(3)?.map(KeyId::from_bytes),
        payload: Digest(row.bytes(4)?),
        created_at: row.timestamp(5)?,
        expires_at: row.timestamp(6)?,
        used_at: row.optional_timestamp(7)?,
    })
}

/// Writes a pair; false where there is one with its nonce.
pub fn insert(tx: &mut Tx<'_>, link: &DecisionLink) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO decision_link (nonce, request_id, approver, key_id, payload_hash, created_at, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (nonce) DO NOTHING",
        &[
            link.nonce.as_bytes().into(),
            (&link.request).into(),
            (&link.approver).into(),
            link.key.as_ref().into(),
            (&link.payload.0).into(),
            link.created_at.into(),
            link.expires_at.into(),
        ],
    )
}

/// A pair by its nonce.
pub fn find(tx: &mut Tx<'_>, nonce: Uuid) -> Result<Option<DecisionLink>> {
    tx.query_optional(
        "SELECT nonce, request_id, approver, key_id, payload_hash, created_at, expires_at, used_at FROM decision_link WHERE nonce = ?1",
        &[nonce.as_bytes().into()],
        read,
    )
}

/// Uses a pair up; false where it was used already, or has ended. Of two at once one finds it unused.
pub fn use_up(tx: &mut Tx<'_>, nonce: Uuid, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE decision_link SET used_at = ?2 WHERE nonce = ?1 AND used_at IS NULL AND expires_at > ?2",
        &[nonce.as_bytes().into(), at.into()],
    )
}

/// How many pairs of a request can still be used.
pub fn count_live(tx: &mut Tx<'_>, request: RequestId, now: Timestamp) -> Result<u64> {
    tx.query_one(
        "SELECT COUNT(*) FROM decision_link WHERE request_id = ?1 AND used_at IS NULL AND expires_at > ?2",
        &[(&request).into(), now.into()],
        |row| row.u64(0),
    )
}

/// Deletes those that ended before a point in time.
pub fn sweep(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM decision_link WHERE expires_at < ?1",
        &[before.into()],
    )?;
    Ok(())
}
