//! Targets. A removed target keeps its row, so that requests and entries can still name it.

use countersign_domain::{Target, TargetId, Timestamp};

use crate::{
    columns,
    error::Result,
    tx::Tx,
    value::{Arg, Row},
};

const MILLIONTHS: f64 = 1_000_000.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "a score is between 0 and 1"
)]
fn to_millionths(score: f64) -> i64 {
    (score.clamp(0.0, 1.0) * MILLIONTHS).round() as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a score has at most a million steps"
)]
fn from_millionths(millionths: i64) -> f64 {
    millionths as f64 / MILLIONTHS
}

fn target(row: Row<'_>) -> Result<Target> {
    Ok(Target {
        id: TargetId::from_bytes(row.bytes(0)?),
        name: columns::name(row, 1)?,
        connector: row.text(2)?.to_owned(),
        config: columns::json(row, 3, "a target's config")?,
        allow_private_network: row.bool(4)?,
        limits: columns::json(row, 5, "a target's limits")?,
        risk_threshold: row.optional_i64(6)?.map(from_millionths),
        labels: columns::labels(row, 7)?,
        revision: row.u64(8)?,
        created_at: row.timestamp(9)?,
        changes: row.u64(10)?,
    })
}

/// Adds a target. Its name must be free.
pub fn insert(tx: &mut Tx<'_>, target: &Target) -> Result<()> {
    let config = columns::to_json(&target.config, "config")?;
    let limits = columns::to_json(&target.limits, "limits")?;
    let labels = columns::to_json(&target.labels, "labels")?;
    tx.execute(
        "INSERT INTO target (id, name, connector, config, allow_private_network, limits, risk_threshold_millionths, labels, revision, \
         created_at, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &[
            (&target.id).into(),
            target.name.as_str().into(),
            (&target.connector).into(),
            (&config).into(),
            target.allow_private_network.into(),
            (&limits).into(),
            target.risk_threshold.map(to_millionths).into(),
            (&labels).into(),
            target.revision.into(),
            target.created_at.into(),
            target.changes.into(),
        ],
    )?;
    Ok(())
}

/// Every target that was not removed.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Target>> {
    tx.query(
        "SELECT id, name, connector, config, allow_private_network, limits, risk_threshold_millionths, labels, revision, created_at, changes \
         FROM target WHERE removed_at IS NULL",
        &[],
        target,
    )
}

/// One target, if it was not removed.
pub fn by_id(tx: &mut Tx<'_>, id: TargetId) -> Result<Option<Target>> {
    tx.query_optional(
        "SELECT id, name, connector, config, allow_private_network, limits, risk_threshold_millionths, labels, revision, created_at, changes \
         FROM target WHERE id = ?1 AND removed_at IS NULL",
        &[(&id).into()],
        target,
    )
}

/// Whether a target that was not removed has the name.
pub fn name_is_taken(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    let sql = "SELECT id FROM target WHERE name = ?1 AND removed_at IS NULL";
    Ok(tx
        .query_optional(sql, &[name.into()], |_| Ok(()))?
        .is_some())
}

/// The name of a target, removed or not.
pub fn name_of(tx: &mut Tx<'_>, id: TargetId) -> Result<Option<countersign_domain::Name>> {
    tx.query_optional(
        "SELECT name FROM target WHERE id = ?1",
        &[(&id).into()],
        |row| columns::name(row, 0),
    )
}

/// Writes what can change. False if there is no such target.
pub fn update(tx: &mut Tx<'_>, target: &Target) -> Result<bool> {
    let config = columns::to_json(&target.config, "config")?;
    let limits = columns::to_json(&target.limits, "limits")?;
    let labels = columns::to_json(&target.labels, "labels")?;
    tx.execute_one(
        "UPDATE target SET connector = ?2, config = ?3, allow_private_network = ?4, limits = ?5, risk_threshold_millionths = ?6, \
         labels = ?7, revision = ?8, changes = ?9 WHERE id = ?1 AND removed_at IS NULL",
        &[
            (&target.id).into(),
            (&target.connector).into(),
            (&config).into(),
            target.allow_private_network.into(),
            (&limits).into(),
            target.risk_threshold.map(to_millionths).into(),
            (&labels).into(),
            target.revision.into(),
            target.changes.into(),
        ],
    )
}

/// Removes a target; its name is free again. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: TargetId, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE target SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}
