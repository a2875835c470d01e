//! Profiles of targets.

use countersign_domain::{Profile, ProfileId, TargetId};

use crate::{columns, error::Result, tx::Tx, value::Row};

fn profile(row: Row<'_>) -> Result<Profile> {
    Ok(Profile {
        id: ProfileId::from_bytes(row.bytes(0)?),
        target: TargetId::from_bytes(row.bytes(1)?),
        name: columns::name(row, 2)?,
        limits: columns::json(row, 3, "a profile's limits")?,
        revision: row.u64(4)?,
    })
}

/// Adds a profile. Its name must be free within the target.
pub fn insert(tx: &mut Tx<'_>, profile: &Profile) -> Result<()> {
    let limits = columns::to_json(&profile.limits, "limits")?;
    tx.execute(
        "INSERT INTO profile (id, target_id, name, limits, revision) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            (&profile.id).into(),
            (&profile.target).into(),
            profile.name.as_str().into(),
            (&limits).into(),
            profile.revision.into(),
        ],
    )?;
    Ok(())
}

/// Every profile of a target that was not removed.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Profile>> {
    tx.query(
        "SELECT p.id, p.target_id, p.name, p.limits, p.revision FROM profile p JOIN target t ON t.id = p.target_id \
         WHERE t.removed_at IS NULL",
        &[],
        profile,
    )
}

/// One profile.
pub fn by_id(tx: &mut Tx<'_>, id: ProfileId) -> Result<Option<Profile>> {
    tx.query_optional(
        "SELECT id, target_id, name, limits, revision FROM profile WHERE id = ?1",
        &[(&id).into()],
        profile,
    )
}

/// Whether a profile of the target has the name.
pub fn name_is_taken(tx: &mut Tx<'_>, target: TargetId, name: &str) -> Result<bool> {
    let sql = "SELECT id FROM profile WHERE target_id = ?1 AND name = ?2";
    Ok(tx
        .query_optional(sql, &[(&target).into(), name.into()], |_| Ok(()))?
        .is_some())
}

/// Removes a profile that no grant and no credential refers to. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: ProfileId) -> Result<bool> {
    tx.execute_one("DELETE FROM profile WHERE id = ?1", &[(&id).into()])
}
