//! Keys: hashes only. A revoked key keeps its row, so that a list can show it.

use countersign_domain::{AgentId, Key, KeyId, KeyOwner, OperatorId, Timestamp};
use uuid::Uuid;

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::{Arg, Row},
};

fn key(row: Row<'_>) -> Result<Key> {
    let owner = row.uuid(3)?;
    let owner = match row.text(2)? {
        "agent" => KeyOwner::Agent(AgentId::new(owner)),
        "operator" => KeyOwner::Operator(OperatorId::new(owner)),
        _ => {
            return Err(StoreError::Column {
                index: 2,
                expected: "an owner",
            });
        }
    };
    Ok(Key {
        id: KeyId::from_bytes(row.bytes(0)?),
        name: columns::name(row, 1)?,
        owner,
        scopes: columns::json(row, 4, "scopes")?,
        hash: row.bytes(5)?,
        prefix: row.text(6)?.to_owned(),
        rate_limit_per_minute: row
            .optional_u64(7)?
            .map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        created_at: row.timestamp(8)?,
        expires_at: row.optional_timestamp(9)?,
        revoked_at: row.optional_timestamp(10)?,
    })
}

fn owner_parts(owner: KeyOwner) -> (&'static str, Uuid) {
    match owner {
        KeyOwner::Agent(id) => ("agent", id.uuid()),
        KeyOwner::Operator(id) => ("operator", id.uuid()),
    }
}

/// Adds a key.
pub fn insert(tx: &mut Tx<'_>, key: &Key) -> Result<()> {
    let scopes = columns::to_json(&key.scopes, "scopes")?;
    let (owner_kind, owner_id) = owner_parts(key.owner);
    tx.execute(
        "INSERT INTO access_key (id, name, owner_kind, owner_id, scopes, hash, prefix, rate_limit_per_minute, created_at, expires_at, \
         revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &[
            (&key.id).into(),
            key.name.as_str().into(),
            owner_kind.into(),
            (&owner_id).into(),
            (&scopes).into(),
            (&key.hash).into(),
            (&key.prefix).into(),
            key.rate_limit_per_minute.into(),
            key.created_at.into(),
            key.expires_at.into(),
            key.revoked_at.into(),
        ],
    )?;
    Ok(())
}

/// Every key, also those that no longer work.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Key>> {
    tx.query(
        "SELECT id, name, owner_kind, owner_id, scopes, hash, prefix, rate_limit_per_minute, created_at, expires_at, revoked_at \
         FROM access_key",
        &[],
        key,
    )
}

/// Stops a key. False if it is none or was stopped before.
pub fn revoke(tx: &mut Tx<'_>, id: KeyId, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE access_key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}

/// Stops every key of an owner; how many.
pub fn revoke_of(tx: &mut Tx<'_>, owner: KeyOwner, at: Timestamp) -> Result<u64> {
    let (kind, id) = owner_parts(owner);
    tx.execute(
        "UPDATE access_key SET revoked_at = ?3 WHERE owner_kind = ?1 AND owner_id = ?2 AND revoked_at IS NULL",
        &[kind.into(), (&id).into(), at.into()],
    )
}

/// Notes that a key was used, if nothing newer is noted.
pub fn touch(tx: &mut Tx<'_>, id: KeyId, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE access_key SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)",
        &[Arg::from(&id), at.into()],
    )
    .map(drop)
}

/// When keys were last used, of those that ever were.
pub fn last_used(tx: &mut Tx<'_>) -> Result<Vec<(KeyId, Timestamp)>> {
    tx.query(
        "SELECT id, last_used_at FROM access_key WHERE last_used_at IS NOT NULL",
        &[],
        |row| Ok((KeyId::from_bytes(row.bytes(0)?), row.timestamp(1)?)),
    )
}
