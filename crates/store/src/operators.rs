//! Operators. A disabled operator keeps the row and the name: entries and votes name them.

use countersign_domain::{Operator, OperatorId, Role, Timestamp};

use crate::{
    columns,
    error::Result,
    tx::Tx,
    value::{Arg, Row},
};

fn operator(row: Row<'_>) -> Result<Operator> {
    Ok(Operator {
        id: OperatorId::from_bytes(row.bytes(0)?),
        name: columns::name(row, 1)?,
        role: columns::parsed(row, 2, "a role")?,
        password_hash: row.optional_text(3)?.map(str::to_owned),
        created_at: row.timestamp(4)?,
        disabled_at: row.optional_timestamp(5)?,
    })
}

/// Adds an operator. The name must be free.
pub fn insert(tx: &mut Tx<'_>, operator: &Operator) -> Result<()> {
    tx.execute(
        "INSERT INTO operator (id, name, role, password_hash, created_at, disabled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            (&operator.id).into(),
            operator.name.as_str().into(),
            operator.role.as_str().into(),
            operator.password_hash.as_deref().into(),
            operator.created_at.into(),
            operator.disabled_at.into(),
        ],
    )?;
    Ok(())
}

/// Every operator, also disabled ones.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Operator>> {
    tx.query(
        "SELECT id, name, role, password_hash, created_at, disabled_at FROM operator",
        &[],
        operator,
    )
}

/// One operator.
pub fn by_id(tx: &mut Tx<'_>, id: OperatorId) -> Result<Option<Operator>> {
    let sql =
        "SELECT id, name, role, password_hash, created_at, disabled_at FROM operator WHERE id = ?1";
    tx.query_optional(sql, &[(&id).into()], operator)
}

/// Whether there is any operator, disabled ones included.
pub fn any(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(tx
        .query_optional("SELECT id FROM operator LIMIT 1", &[], |_| Ok(()))?
        .is_some())
}

/// Whether an operator has the name.
pub fn name_is_taken(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    Ok(tx
        .query_optional(
            "SELECT id FROM operator WHERE name = ?1",
            &[name.into()],
            |_| Ok(()),
        )?
        .is_some())
}

/// How many owners are not disabled.
pub fn enabled_owners(tx: &mut Tx<'_>) -> Result<u64> {
    tx.query_one(
        "SELECT COUNT(*) FROM operator WHERE role = 'owner' AND disabled_at IS NULL",
        &[],
        |row| row.u64(0),
    )
}

/// Writes the password's hash. False if there is no such operator who is not disabled.
pub fn set_password(tx: &mut Tx<'_>, id: OperatorId, hash: &str) -> Result<bool> {
    tx.execute_one(
        "UPDATE operator SET password_hash = ?2 WHERE id = ?1 AND disabled_at IS NULL",
        &[Arg::from(&id), hash.into()],
    )
}

/// Writes the role. False if there is no such operator who is not disabled.
pub fn set_role(tx: &mut Tx<'_>, id: OperatorId, role: Role) -> Result<bool> {
    tx.execute_one(
        "UPDATE operator SET role = ?2 WHERE id = ?1 AND disabled_at IS NULL",
        &[Arg::from(&id), role.as_str().into()],
    )
}

/// Shuts an operator out. False if there is none, or it was done before.
pub fn disable(tx: &mut Tx<'_>, id: OperatorId, at: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE operator SET disabled_at = ?2 WHERE id = ?1 AND disabled_at IS NULL",
        &[Arg::from(&id), at.into()],
    )
}
