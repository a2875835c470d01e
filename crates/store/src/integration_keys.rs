//! What the maker of an integration's key called it and asked for: names there are free text, and scopes stay as they were written.

use countersign_domain::{KeyId, Scope};

use crate::{columns, error::Result, tx::Tx, value::Row};

/// A key as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationKey {
    /// The key.
    pub key: KeyId,
    /// Its name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
}

fn read(row: Row<'_>) -> Result<IntegrationKey> {
    Ok(IntegrationKey {
        key: KeyId::from_bytes(row.bytes(0)?),
        name: row.text(1)?.to_owned(),
        scopes: columns::json(row, 2, "scopes")?,
    })
}

/// Every one.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<IntegrationKey>> {
    tx.query(
        "SELECT key_id, name, scopes FROM integration_key",
        &[],
        read,
    )
}

/// Writes one, over what was there.
pub fn put(tx: &mut Tx<'_>, key: &IntegrationKey) -> Result<()> {
    let scopes = columns::to_json(&key.scopes, "scopes")?;
    tx.execute(
        "INSERT INTO integration_key (key_id, name, scopes) VALUES (?1, ?2, ?3) \
         ON CONFLICT (key_id) DO UPDATE SET name = excluded.name, scopes = excluded.scopes",
        &[(&key.key).into(), (&key.name).into(), (&scopes).into()],
    )?;
    Ok(())
}
