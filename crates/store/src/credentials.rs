//! Credentials, sealed by the vault before they come here.

use countersign_domain::{Actor, Credential, CredentialId, ProfileId, TargetId};

use crate::{columns, error::Result, tx::Tx, value::Row};

fn credential(row: Row<'_>) -> Result<Credential> {
    Ok(Credential {
        id: CredentialId::from_bytes(row.bytes(0)?),
        profile: ProfileId::from_bytes(row.bytes(1)?),
        kind: columns::parsed(row, 2, "a credential type")?,
        shown_as: row.text(3)?.to_owned(),
        sealed: row.blob(4)?.to_vec(),
        operator_revision: row.u64(5)?,
        set_at: row.timestamp(6)?,
        set_by: match row.optional_text(7)? {
            None => None,
            Some(_) => Some(columns::actor(row, 7, 8)?),
        },
    })
}

/// Puts the credential of a profile, in the place of the one it had under the same id.
pub fn put(tx: &mut Tx<'_>, credential: &Credential) -> Result<()> {
    let set_by = credential.set_by.as_ref();
    let set_by_id = set_by.and_then(Actor::uuid);
    tx.execute(
        "INSERT INTO credential (id, profile_id, kind, shown_as, sealed, operator_revision, set_at, set_by_kind, set_by_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, shown_as = excluded.shown_as, sealed = excluded.sealed, \
         operator_revision = excluded.operator_revision, set_at = excluded.set_at, set_by_kind = excluded.set_by_kind, \
         set_by_id = excluded.set_by_id",
        &[
            (&credential.id).into(),
            (&credential.profile).into(),
            credential.kind.as_str().into(),
            (&credential.shown_as).into(),
            (&credential.sealed).into(),
            credential.operator_revision.into(),
            credential.set_at.into(),
            set_by.map(Actor::kind).into(),
            set_by_id.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Every credential.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Credential>> {
    tx.query(
        "SELECT id, profile_id, kind, shown_as, sealed, operator_revision, set_at, set_by_kind, set_by_id FROM credential",
        &[],
        credential,
    )
}

/// The credential of a profile.
pub fn of_profile(tx: &mut Tx<'_>, profile: ProfileId) -> Result<Option<Credential>> {
    tx.query_optional(
        "SELECT id, profile_id, kind, shown_as, sealed, operator_revision, set_at, set_by_kind, set_by_id FROM credential WHERE profile_id = ?1",
        &[(&profile).into()],
        credential,
    )
}

/// Deletes the credential of a profile. False if it has none.
pub fn remove(tx: &mut Tx<'_>, profile: ProfileId) -> Result<bool> {
    tx.execute_one(
        "DELETE FROM credential WHERE profile_id = ?1",
        &[(&profile).into()],
    )
}

/// Deletes the credentials of all profiles of a target; how many.
pub fn remove_of_target(tx: &mut Tx<'_>, target: TargetId) -> Result<u64> {
    tx.execute(
        "DELETE FROM credential WHERE profile_id IN (SELECT id FROM profile WHERE target_id = ?1)",
        &[(&target).into()],
    )
}
