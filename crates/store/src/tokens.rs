//! Sign-in tokens of operators: hashes only.

use countersign_domain::{Name, OperatorId, Timestamp};
use uuid::Uuid;

use crate::{
    columns,
    error::Result,
    tx::Tx,
    value::{Arg, Row},
};

/// A sign-in token, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorToken {
    /// The id.
    pub id: Uuid,
    /// Whom it signs in.
    pub operator: OperatorId,
    /// What it is for.
    pub name: Name,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody stopped it.
    pub revoked_at: Option<Timestamp>,
}

impl OperatorToken {
    /// Whether it works at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }
}

fn token(row: Row<'_>) -> Result<OperatorToken> {
    Ok(OperatorToken {
        id: row.uuid(0)?,
        operator: OperatorId::from_bytes(row.bytes(1)?),
        name: columns::name(row, 2)?,
        hash: row.bytes(3)?,
        prefix: row.text(4)?.to_owned(),
        created_at: row.timestamp(5)?,
        expires_at: row.optional_timestamp(6)?,
        revoked_at: row.optional_timestamp(7)?,
    })
}

/// Adds a token.
pub fn insert(tx: &mut Tx<'_>, token: &OperatorToken) -> Result<()> {
    tx.execute(
        "INSERT INTO operator_token (id, operator_id, name, hash, prefix, created_at, expires_at, revoked_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            (&token.id).into(),
            (&token.operator).into(),
            token.name.as_str().into(),
            (&token.hash).into(),
            (&token.prefix).into(),
            token.created_at.into(),
            token.expires_at.into(),
            token.revoked_at.into(),
        ],
    )?;
    Ok(())
}

/// The newest tokens, also those that no longer work.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<OperatorToken>> {
    tx.query(
        "SELECT id, operator_id, name, hash, prefix, created_at, expires_at, revoked_at FROM operator_token \
         ORDER BY created_at DESC, id DESC LIMIT 1000",
        &[],
        token,
    )
}

/// One token.
pub fn by_id(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<OperatorToken>> {
    tx.query_optional(
        "SELECT id, operator_id, name, hash, prefix, created_at, expires_at, revoked_at FROM operator_token WHERE id = ?1",
        &[(&id).into()],
        token,
    )
}

/// The token with this hash.
pub fn by_hash(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<OperatorToken>> {
    tx.query_optional(
        "SELECT id, operator_id, name, hash, prefix, created_at, expires_at, revoked_at FROM operator_token WHERE hash = ?1",
        &[hash.into()],
        token,
    )
}

/// Stops a token. False if there is none, or it was stopped before.
pub fn revoke(tx: &mut Tx<'_>, id: Uuid, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE operator_token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}

/// Stops every token of an operator; how many.
pub fn revoke_of(tx: &mut Tx<'_>, operator: OperatorId, at: Timestamp) -> Result<u64> {
    let sql =
        "UPDATE operator_token SET revoked_at = ?2 WHERE operator_id = ?1 AND revoked_at IS NULL";
    tx.execute(sql, &[Arg::from(&operator), at.into()])
}
