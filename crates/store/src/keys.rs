//! Keys: hashes only. A revoked key keeps its row, so that a list can show it.

use countersign_domain::{
    AgentId, Key, KeyBounds, KeyId, KeyOwner, OperatorId, RetiringSecret, Timestamp,
};
use uuid::Uuid;

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::{Arg, Row},
};

fn retiring(row: Row<'_>) -> Result<Option<RetiringSecret>> {
    let (Some(hash), Some(until)) = (row.optional_bytes(13)?, row.optional_timestamp(15)?) else {
        return Ok(None);
    };
    Ok(Some(RetiringSecret {
        hash,
        prefix: row.optional_text(14)?.unwrap_or_default().to_owned(),
        until,
    }))
}

fn bounds(row: Row<'_>) -> Result<KeyBounds> {
    Ok(KeyBounds {
        agent: row.optional_bytes(11)?.map(AgentId::from_bytes),
        targets: columns::optional_json(row, 12, "targets")?.unwrap_or_default(),
    })
}

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
        bounds: bounds(row)?,
        hash: row.bytes(5)?,
        prefix: row.text(6)?.to_owned(),
        retiring: retiring(row)?,
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

/// The targets as they are stored: nothing where it is all of them.
fn targets_json(bounds: &KeyBounds) -> Result<Option<String>> {
    if bounds.targets.is_empty() {
        return Ok(None);
    }
    columns::to_json(&bounds.targets, "targets").map(Some)
}

/// Adds a key.
pub fn insert(tx: &mut Tx<'_>, key: &Key) -> Result<()> {
    let scopes = columns::to_json(&key.scopes, "scopes")?;
    let targets = targets_json(&key.bounds)?;
    let (owner_kind, owner_id) = owner_parts(key.owner);
    tx.execute(
        "INSERT INTO access_key (id, name, owner_kind, owner_id, scopes, hash, prefix, rate_limit_per_minute, created_at, expires_at, \
         revoked_at, bound_agent, bound_targets) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
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
            key.bounds.agent.as_ref().into(),
            targets.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// One key, also one that no longer works.
pub fn by_id(tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Key>> {
    tx.query_optional(
        "SELECT id, name, owner_kind, owner_id, scopes, hash, prefix, rate_limit_per_minute, created_at, expires_at, revoked_at, \
         bound_agent, bound_targets, retiring_hash, retiring_prefix, retiring_until FROM access_key WHERE id = ?1",
        &[Arg::from(&id)],
        key,
    )
}

/// Writes what can be changed of a key: its name, scopes, bounds, rate limit and end. False if it is none or was stopped.
pub fn update(tx: &mut Tx<'_>, key: &Key) -> Result<bool> {
    let scopes = columns::to_json(&key.scopes, "scopes")?;
    let targets = targets_json(&key.bounds)?;
    tx.execute_one(
        "UPDATE access_key SET name = ?2, scopes = ?3, rate_limit_per_minute = ?4, expires_at = ?5, bound_agent = ?6, bound_targets = ?7 \
         WHERE id = ?1 AND revoked_at IS NULL",
        &[
            (&key.id).into(),
            key.name.as_str().into(),
            (&scopes).into(),
            key.rate_limit_per_minute.into(),
            key.expires_at.into(),
            key.bounds.agent.as_ref().into(),
            targets.as_ref().into(),
        ],
    )
}

/// Gives a key another secret, and keeps the one before as `retiring` says. False if it is none or was stopped.
pub fn rotate(tx: &mut Tx<'_>, key: &Key) -> Result<bool> {
    let retiring = key.retiring.as_ref();
    tx.execute_one(
        "UPDATE access_key SET hash = ?2, prefix = ?3, retiring_hash = ?4, retiring_prefix = ?5, retiring_until = ?6 \
         WHERE id = ?1 AND revoked_at IS NULL",
        &[
            (&key.id).into(),
            (&key.hash).into(),
            (&key.prefix).into(),
            retiring.map(|retiring| &retiring.hash).into(),
            retiring.map(|retiring| &retiring.prefix).into(),
            retiring.map(|retiring| retiring.until).into(),
        ],
    )
}

/// Every key, also those that no longer work.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Key>> {
    tx.query(
        "SELECT id, name, owner_kind, owner_id, scopes, hash, prefix, rate_limit_per_minute, created_at, expires_at, revoked_at, \
         bound_agent, bound_targets, retiring_hash, retiring_prefix, retiring_until FROM access_key",
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

/// Changes what a live key may do and how often. False if there is none.
pub fn set_rights(
    tx: &mut Tx<'_>,
    id: KeyId,
    scopes: &[countersign_domain::Scope],
    rate_limit_per_minute: Option<u32>,
) -> Result<bool> {
    let scopes = columns::to_json(&scopes, "scopes")?;
    let limit = rate_limit_per_minute.map_or(Arg::Null, Arg::from);
    tx.execute_one(
        "UPDATE access_key SET scopes = ?2, rate_limit_per_minute = ?3 WHERE id = ?1 AND revoked_at IS NULL",
        &[(&id).into(), (&scopes).into(), limit],
    )
}

/// Adds calls to an hour of a key.
pub fn add_calls(tx: &mut Tx<'_>, id: KeyId, hour: i64, calls: u64) -> Result<()> {
    tx.execute(
        "INSERT INTO key_use (key_id, hour, calls) VALUES (?1, ?2, ?3) \
         ON CONFLICT (key_id, hour) DO UPDATE SET calls = key_use.calls + excluded.calls",
        &[Arg::from(&id), hour.into(), calls.into()],
    )
    .map(drop)
}

/// A key's calls by hour since then, oldest first.
pub fn calls_since(tx: &mut Tx<'_>, id: KeyId, hour: i64) -> Result<Vec<(i64, u64)>> {
    tx.query(
        "SELECT hour, calls FROM key_use WHERE key_id = ?1 AND hour >= ?2 ORDER BY hour",
        &[Arg::from(&id), hour.into()],
        |row| Ok((row.i64(0)?, row.u64(1)?)),
    )
}

/// Every key's calls since then.
pub fn calls_of_all_since(tx: &mut Tx<'_>, hour: i64) -> Result<Vec<(KeyId, i64, u64)>> {
    tx.query(
        "SELECT key_id, hour, calls FROM key_use WHERE hour >= ?1",
        &[hour.into()],
        |row| Ok((KeyId::from_bytes(row.bytes(0)?), row.i64(1)?, row.u64(2)?)),
    )
}

/// Forgets the hours before.
pub fn forget_calls_before(tx: &mut Tx<'_>, hour: i64) -> Result<()> {
    tx.execute("DELETE FROM key_use WHERE hour < ?1", &[hour.into()])
        .map(drop)
}
