//! The vault's header, where replicas share no data directory.

use crate::{error::Result, tx::Tx};

/// The header's JSON.
pub fn get(tx: &mut Tx<'_>) -> Result<Option<String>> {
    tx.query_optional("SELECT body FROM vault_header WHERE id = 1", &[], |row| {
        row.text(0).map(str::to_owned)
    })
}

/// Writes the first header. False if there is one.
pub fn create(tx: &mut Tx<'_>, json: &str) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO vault_header (id, body) VALUES (1, ?1) ON CONFLICT (id) DO NOTHING",
        &[json.into()],
    )
}

/// Puts a header in the place of the one that was read. False if somebody else was first.
pub fn replace(tx: &mut Tx<'_>, old: &str, new: &str) -> Result<bool> {
    tx.execute_one(
        "UPDATE vault_header SET body = ?2 WHERE id = 1 AND body = ?1",
        &[old.into(), new.into()],
    )
}
