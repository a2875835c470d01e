//! Policy lists, and what happens when nobody decides on what they asked about.

use countersign_domain::{EscalationRule, EscalationRuleId, PolicyList, PolicyListId};

use crate::{columns, error::Result, tx::Tx, value::Row};

fn list(row: Row<'_>) -> Result<PolicyList> {
    Ok(PolicyList {
        id: PolicyListId::from_bytes(row.bytes(0)?),
        name: row.text(1)?.to_owned(),
        priority: row.i64(2)?,
        is_enabled: row.bool(3)?,
        rules: columns::json(row, 4, "the rules of a list")?,
        source: columns::json(row, 5, "a list as it was written")?,
        created_at: row.timestamp(6)?,
    })
}

/// Every list, in the order in which they speak.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<PolicyList>> {
    tx.query(
        "SELECT id, name, priority, is_enabled, rules, source, created_at FROM policy_list ORDER BY priority, created_at, id",
        &[],
        list,
    )
}

/// How many lists there are.
pub fn count(tx: &mut Tx<'_>) -> Result<u64> {
    let counted = tx.query("SELECT COUNT(*) FROM policy_list", &[], |row| row.u64(0))?;
    Ok(counted.first().copied().unwrap_or_default())
}

/// How many escalation rules there are.
pub fn count_escalations(tx: &mut Tx<'_>) -> Result<u64> {
    let counted = tx.query("SELECT COUNT(*) FROM escalation_rule", &[], |row| {
        row.u64(0)
    })?;
    Ok(counted.first().copied().unwrap_or_default())
}

/// Adds a list.
pub fn insert(tx: &mut Tx<'_>, list: &PolicyList) -> Result<()> {
    let rules = columns::to_json(&list.rules, "rules")?;
    let source = columns::to_json(&list.source, "source")?;
    tx.execute(
        "INSERT INTO policy_list (id, name, priority, is_enabled, rules, source, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            (&list.id).into(),
            (&list.name).into(),
            list.priority.into(),
            list.is_enabled.into(),
            (&rules).into(),
            (&source).into(),
            list.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Writes all of a list but its id and age. False if there is none.
pub fn update(tx: &mut Tx<'_>, list: &PolicyList) -> Result<bool> {
    let rules = columns::to_json(&list.rules, "rules")?;
    let source = columns::to_json(&list.source, "source")?;
    tx.execute_one(
        "UPDATE policy_list SET name = ?2, priority = ?3, is_enabled = ?4, rules = ?5, source = ?6 WHERE id = ?1",
        &[
            (&list.id).into(),
            (&list.name).into(),
            list.priority.into(),
            list.is_enabled.into(),
            (&rules).into(),
            (&source).into(),
        ],
    )
}

/// Removes a list with what belongs to it alone. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: PolicyListId) -> Result<bool> {
    tx.execute(
        "DELETE FROM escalation_rule WHERE policy_list_id = ?1",
        &[(&id).into()],
    )?;
    tx.execute_one("DELETE FROM policy_list WHERE id = ?1", &[(&id).into()])
}

fn escalation(row: Row<'_>) -> Result<EscalationRule> {
    Ok(EscalationRule {
        id: EscalationRuleId::from_bytes(row.bytes(0)?),
        list: row.optional_bytes(1)?.map(PolicyListId::from_bytes),
        after_seconds: row.u64(2)?,
        channel: row.optional_text(3)?.map(str::to_owned),
        priority: row.i64(4)?,
        is_enabled: row.bool(5)?,
        created_at: row.timestamp(6)?,
    })
}

/// Every escalation rule, the first to be looked at first.
pub fn escalations(tx: &mut Tx<'_>) -> Result<Vec<EscalationRule>> {
    tx.query(
        "SELECT id, policy_list_id, after_seconds, channel, priority, is_enabled, created_at FROM escalation_rule \
         ORDER BY priority, created_at, id",
        &[],
        escalation,
    )
}

/// Adds an escalation rule.
pub fn insert_escalation(tx: &mut Tx<'_>, rule: &EscalationRule) -> Result<()> {
    tx.execute(
        "INSERT INTO escalation_rule (id, policy_list_id, after_seconds, channel, priority, is_enabled, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            (&rule.id).into(),
            rule.list.as_ref().into(),
            rule.after_seconds.into(),
            rule.channel.as_ref().into(),
            rule.priority.into(),
            rule.is_enabled.into(),
            rule.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Writes all of an escalation rule but its id and age. False if there is none.
pub fn update_escalation(tx: &mut Tx<'_>, rule: &EscalationRule) -> Result<bool> {
    tx.execute_one(
        "UPDATE escalation_rule SET policy_list_id = ?2, after_seconds = ?3, channel = ?4, priority = ?5, is_enabled = ?6 WHERE id = ?1",
        &[
            (&rule.id).into(),
            rule.list.as_ref().into(),
            rule.after_seconds.into(),
            rule.channel.as_ref().into(),
            rule.priority.into(),
            rule.is_enabled.into(),
        ],
    )
}

/// Removes an escalation rule. False if there is none.
pub fn remove_escalation(tx: &mut Tx<'_>, id: EscalationRuleId) -> Result<bool> {
    tx.execute_one("DELETE FROM escalation_rule WHERE id = ?1", &[(&id).into()])
}
