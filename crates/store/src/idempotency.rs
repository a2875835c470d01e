//! Idempotency keys: which request was first under a key.

use countersign_domain::{Digest, RequestId, Timestamp};
use uuid::Uuid;

use crate::{error::Result, tx::Tx};

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// The hash of all that has to be the same when the key comes again.
    pub identity: Digest,
    /// The first request.
    pub request: RequestId,
    /// Until when the key is remembered.
    pub expires_at: Timestamp,
}

/// Takes a key for a request, or takes it over from one that has expired by `now`; false if it is taken.
pub fn take(
    tx: &mut Tx<'_>,
    principal: &Uuid,
    key: &str,
    row: &IdempotencyRow,
    now: Timestamp,
) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO idempotency (principal, idempotency_key, identity, request_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (principal, idempotency_key) DO UPDATE SET identity = excluded.identity, \
         request_id = excluded.request_id, expires_at = excluded.expires_at WHERE idempotency.expires_at <= ?6",
        &[
            principal.into(),
            key.into(),
            (&row.identity.0).into(),
            (&row.request).into(),
            row.expires_at.into(),
            now.into(),
        ],
    )
}

/// What stands under a key.
pub fn find(tx: &mut Tx<'_>, principal: &Uuid, key: &str) -> Result<Option<IdempotencyRow>> {
    tx.query_optional(
        "SELECT identity, request_id, expires_at FROM idempotency WHERE principal = ?1 AND idempotency_key = ?2",
        &[principal.into(), key.into()],
        |row| {
            Ok(IdempotencyRow {
                identity: Digest(row.bytes(0)?),
                request: RequestId::from_bytes(row.bytes(1)?),
                expires_at: row.timestamp(2)?,
            })
        },
    )
}

/// Forgets every expired key; how many there were.
pub fn sweep(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM idempotency WHERE expires_at <= ?1",
        &[now.into()],
    )
}
