//! Settings by name, each a JSON document.

use crate::{error::Result, tx::Tx};

/// The document under a name.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    tx.query_optional(
        "SELECT value FROM setting WHERE name = ?1",
        &[name.into()],
        |row| row.text(0).map(str::to_owned),
    )
}

/// Puts a document under a name.
pub fn put(tx: &mut Tx<'_>, name: &str, json: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[name.into(), json.into()],
    )?;
    Ok(())
}
