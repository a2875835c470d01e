//! Rules of the policy.

use countersign_domain::{Rule, RuleId, RuleKind, RuleMode};

use crate::{
    columns,
    error::{Result, StoreError},
    tx::Tx,
    value::Row,
};

fn rule(row: Row<'_>) -> Result<Rule> {
    let kind = match row.text(2)? {
        "guard" => RuleKind::Guard,
        "rule" => RuleKind::Rule,
        _ => {
            return Err(StoreError::Column {
                index: 2,
                expected: "a rule's kind",
            });
        }
    };
    Ok(Rule {
        id: RuleId::from_bytes(row.bytes(0)?),
        name: columns::name(row, 1)?,
        kind,
        priority: row.i64(3)?,
        matcher: columns::json(row, 4, "a rule's match")?,
        verdict: columns::parsed(row, 5, "a verdict")?,
        reason: row.text(6)?.to_owned(),
        labels: columns::labels(row, 7)?,
        created_at: row.timestamp(8)?,
        ask: columns::json(row, 9, "an ask's terms")?,
        mode: match row.text(10)? {
            "enforce" => RuleMode::Enforce,
            "shadow" => RuleMode::Shadow,
            _ => {
                return Err(StoreError::Column {
                    index: 10,
                    expected: "a rule's mode",
                });
            }
        },
    })
}

/// Adds a rule. Its name must be free.
pub fn insert(tx: &mut Tx<'_>, rule: &Rule) -> Result<()> {
    let matcher = columns::to_json(&rule.matcher, "match")?;
    let labels = columns::to_json(&rule.labels, "labels")?;
    let ask = columns::to_json(&rule.ask, "ask")?;
    tx.execute(
        "INSERT INTO policy_rule (id, name, kind, priority, matcher, verdict, reason, labels, created_at, ask, mode) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &[
            (&rule.id).into(),
            rule.name.as_str().into(),
            rule.kind.as_str().into(),
            rule.priority.into(),
            (&matcher).into(),
            rule.verdict.as_str().into(),
            (&rule.reason).into(),
            (&labels).into(),
            rule.created_at.into(),
            (&ask).into(),
            rule.mode.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Every rule.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Rule>> {
    tx.query("SELECT id, name, kind, priority, matcher, verdict, reason, labels, created_at, ask, mode FROM policy_rule", &[], rule)
}

/// One rule.
pub fn by_id(tx: &mut Tx<'_>, id: RuleId) -> Result<Option<Rule>> {
    tx.query_optional(
        "SELECT id, name, kind, priority, matcher, verdict, reason, labels, created_at, ask, mode FROM policy_rule WHERE id = ?1",
        &[(&id).into()],
        rule,
    )
}

/// Whether a rule has the name.
pub fn name_is_taken(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    Ok(tx
        .query_optional(
            "SELECT id FROM policy_rule WHERE name = ?1",
            &[name.into()],
            |_| Ok(()),
        )?
        .is_some())
}

/// Writes what can change. False if there is no such rule.
pub fn update(tx: &mut Tx<'_>, rule: &Rule) -> Result<bool> {
    let matcher = columns::to_json(&rule.matcher, "match")?;
    let labels = columns::to_json(&rule.labels, "labels")?;
    let ask = columns::to_json(&rule.ask, "ask")?;
    tx.execute_one(
        "UPDATE policy_rule SET kind = ?2, priority = ?3, matcher = ?4, verdict = ?5, reason = ?6, labels = ?7, ask = ?8, mode = ?9 WHERE id = ?1",
        &[
            (&rule.id).into(),
            rule.kind.as_str().into(),
            rule.priority.into(),
            (&matcher).into(),
            rule.verdict.as_str().into(),
            (&rule.reason).into(),
            (&labels).into(),
            (&ask).into(),
            rule.mode.as_str().into(),
        ],
    )
}

/// Removes a rule. False if there is none.
pub fn remove(tx: &mut Tx<'_>, id: RuleId) -> Result<bool> {
    tx.execute_one("DELETE FROM policy_rule WHERE id = ?1", &[(&id).into()])
}
