//! Instances: which gateways are alive.

use countersign_domain::{InstanceId, Timestamp};

use crate::{error::Result, tx::Tx};

/// Notes an instance, or renews its lease.
pub fn renew(
    tx: &mut Tx<'_>,
    instance: InstanceId,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO instance (id, started_at, lease_until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until",
        &[(&instance).into(), now.into(), lease_until.into()],
    )?;
    Ok(())
}

/// Gives the lease up.
pub fn remove(tx: &mut Tx<'_>, instance: InstanceId) -> Result<()> {
    tx.execute("DELETE FROM instance WHERE id = ?1", &[(&instance).into()])?;
    Ok(())
}

/// Forgets every other instance: only for a store that one process at a time can open.
pub fn remove_others(tx: &mut Tx<'_>, instance: InstanceId) -> Result<()> {
    tx.execute("DELETE FROM instance WHERE id <> ?1", &[(&instance).into()])?;
    Ok(())
}

/// Forgets instances whose lease ended long ago.
pub fn sweep(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM instance WHERE lease_until <= ?1",
        &[before.into()],
    )
}
