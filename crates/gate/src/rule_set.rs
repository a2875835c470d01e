//! The rules as one file: exported whole, compared whole, put in place whole.
//!
//! Invariants: a set with a fault is refused whole, with the place of the fault, and the old rules stay; putting a set in place is one
//! change with one entry per rule that it touches; a set that was made up for other rules than the present ones is refused.

use std::collections::HashMap;

use countersign_domain::{Name, Permission, Rule, RuleId, Warning, canonical_json, lint};
use countersign_store::{Tx, rules};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    checks,
    context::OpCx,
    error::{Error, ErrorKind, Result},
    export::{Change, ChangeAction, FieldChange},
    gate::Gate,
    rules::{RuleDraft, check, subject},
    snapshot::Nouns,
};

/// The most rules in one set.
pub const RULE_SET_LIMIT: usize = 5_000;

/// All rules, as one file holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// The rules; names are unique.
    pub rules: Vec<RuleDraft>,
}

/// What putting a set in place changes.
#[derive(Debug, Clone)]
pub struct RuleSetPlan {
    /// What is made, changed and removed, by name.
    pub changes: Vec<Change>,
    /// How many rules stay as they are.
    pub kept: usize,
    /// What is odd about the set.
    pub warnings: Vec<Warning>,
    /// What stands for the rules that the changes were worked out against.
    pub version: String,
}

impl From<&Rule> for RuleDraft {
    fn from(rule: &Rule) -> Self {
        Self {
            name: rule.name.clone(),
            kind: rule.kind,
            priority: rule.priority,
            matcher: rule.matcher.clone(),
            verdict: rule.verdict,
            ask: rule.ask.clone(),
            mode: rule.mode,
            reason: rule.reason.clone(),
            labels: rule.labels.clone(),
        }
    }
}

impl RuleSet {
    fn of<'rule>(rules: impl IntoIterator<Item = &'rule Rule>) -> Self {
        let mut rules: Vec<RuleDraft> = rules.into_iter().map(RuleDraft::from).collect();
        rules.sort_by(|left, right| {
            (left.kind.as_str(), left.priority, &left.name).cmp(&(
                right.kind.as_str(),
                right.priority,
                &right.name,
            ))
        });
        Self { rules }
    }

    /// What stands for these very rules.
    fn version(&self) -> Result<String> {
        let mut bytes = Vec::with_capacity(4_096);
        canonical_json(
            &serde_json::to_value(self).map_err(Error::internal)?,
            &mut bytes,
        );
        Ok(countersign_domain::Digest(countersign_vault::sha256(&bytes)).to_string())
    }
}

/// The rules that a set is made of. A rule of a known name keeps its id and age.
fn made(
    set: &RuleSet,
    known: &HashMap<&Name, &Rule>,
    mut fresh: impl FnMut(&RuleDraft) -> Rule,
) -> Result<Vec<Rule>> {
    if set.rules.len() > RULE_SET_LIMIT {
        let text = format!("a set has at most {RULE_SET_LIMIT} rules");
        return Err(Error::invalid("rules", text));
    }
    let mut names = HashMap::new();
    let mut rules = Vec::with_capacity(set.rules.len());
    for (position, draft) in set.rules.iter().enumerate() {
        let place = |mut error: Error| {
            let field = error.field.take().unwrap_or_else(|| "name".into());
            error.field = Some(format!("rules[{position}].{field}").into());
            error.message = format!("rule {}: {}", draft.name, error.message).into();
            error
        };
        if let Some(first) = names.insert(&draft.name, position) {
            let text = format!("rules[{first}] has the same name: choose another");
            return Err(place(Error::invalid("name", text)));
        }
        let mut rule = fresh(draft);
        if let Some(known) = known.get(&draft.name) {
            rule.id = known.id;
            rule.created_at = known.created_at;
        } else {
            checks::name("name", &draft.name).map_err(place)?;
        }
        check(&rule).map_err(place)?;
        rules.push(rule);
    }
    Ok(rules)
}

fn fields(draft: &RuleDraft) -> Result<serde_json::Map<String, Value>> {
    match serde_json::to_value(draft).map_err(Error::internal)? {
        Value::Object(mut fields) => {
            fields.remove("name");
            Ok(fields)
        }
        _ => Ok(serde_json::Map::new()),
    }
}

/// The fields that differ.
fn difference(before: Option<&RuleDraft>, after: Option<&RuleDraft>) -> Result<Vec<FieldChange>> {
    let before = before.map(fields).transpose()?.unwrap_or_default();
    let after = after.map(fields).transpose()?.unwrap_or_default();
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            before: before.get(name).cloned().unwrap_or(Value::Null),
            after: after.get(name).cloned().unwrap_or(Value::Null),
        })
        .collect())
}

/// What turns the present rules into the wanted ones.
fn compare(present: &[Rule], wanted: &[Rule]) -> Result<(Vec<Change>, usize)> {
    let by_name = |rules: &[Rule]| -> HashMap<String, RuleDraft> {
        let named = rules
            .iter()
            .map(|rule| (rule.name.to_string(), RuleDraft::from(rule)));
        named.collect()
    };
    let (before, after) = (by_name(present), by_name(wanted));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut changes = Vec::new();
    let mut kept = 0;
    for name in names {
        let (before, after) = (before.get(name), after.get(name));
        let action = match (before, after) {
            (Some(before), Some(after)) if before == after => {
                kept += 1;
                continue;
            }
            (Some(_), Some(_)) => ChangeAction::Update,
            (None, _) => ChangeAction::Create,
            (Some(_), None) => ChangeAction::Remove,
        };
        changes.push(Change {
            action,
            noun: "rule".to_owned(),
            name: name.clone(),
            diff: difference(before, after)?,
        });
    }
    Ok((changes, kept))
}

impl Gate {
    /// Every rule as one set, with what stands for it.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn rule_set(&self, cx: &OpCx) -> Result<(RuleSet, String)> {
        cx.require(Permission::ConfigRead)?;
        let set = RuleSet::of(self.snapshot().lists.rules.iter().map(|rule| &**rule));
        let version = set.version()?;
        Ok((set, version))
    }

    /// What putting a set in place would change. Changes nothing.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the rule and the part of it at fault.
    pub fn plan_rules(&self, cx: &OpCx, set: &RuleSet) -> Result<RuleSetPlan> {
        cx.require(Permission::ConfigRead)?;
        let (_, version) = self.rule_set(cx)?;
        let wanted = self.rules_of(cx, set)?;
        let snapshot = self.snapshot();
        let present: Vec<Rule> = snapshot
            .lists
            .rules
            .iter()
            .map(|rule| Rule::clone(rule))
            .collect();
        let (changes, kept) = compare(&present, &wanted)?;
        Ok(RuleSetPlan {
            changes,
            kept,
            warnings: lint(&wanted),
            version,
        })
    }

    /// Puts a set in the place of all rules, in one change. With `version` only if the rules are still those that it stands for.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the rule and the part of it at fault, `changed_meanwhile`.
    pub async fn apply_rules(
        &self,
        cx: &OpCx,
        set: &RuleSet,
        version: Option<String>,
    ) -> Result<RuleSetPlan> {
        cx.require(Permission::ConfigWrite)?;
        let (of, set) = (cx.clone(), set.clone());
        let (wanted, warnings) = self
            .aside(move |gate| -> Result<_> {
                let wanted = gate.rules_of(&of, &set)?;
                let warnings = lint(&wanted);
                Ok((wanted, warnings))
            })
            .await??;
        let (gate, caller) = (self.clone(), cx.clone());
        let (changes, kept) = self
            .change(cx, Nouns::POLICY, move |tx| {
                let present = rules::all(tx)?;
                if let Some(version) = &version
                    && RuleSet::of(&present).version()? != *version
                {
                    let text = "the rules were changed by somebody else in the meantime: nothing of this change was made; look at what it \
                                would do now";
                    return Err(Error::new(ErrorKind::Conflict, "changed_meanwhile", text));
                }
                gate.put_rules(tx, &caller, &present, &wanted)
            })
            .await?;
        let set = RuleSet::of(self.snapshot().lists.rules.iter().map(|rule| &**rule));
        Ok(RuleSetPlan {
            changes,
            kept,
            warnings,
            version: set.version()?,
        })
    }

    fn put_rules(
        &self,
        tx: &mut Tx<'_>,
        cx: &OpCx,
        present: &[Rule],
        wanted: &[Rule],
    ) -> Result<(Vec<Change>, usize)> {
        let known: HashMap<&Name, &Rule> = present.iter().map(|rule| (&rule.name, rule)).collect();
        let wanted_names: HashMap<&Name, &Rule> =
            wanted.iter().map(|rule| (&rule.name, rule)).collect();
        let record = |tx: &mut Tx<'_>, kind, rule: &Rule| -> Result<()> {
            let mut entry = self.config_entry(cx, kind, subject(rule));
            entry.outcome = Some(rule.verdict.as_str().to_owned());
            Ok(tx.append_entry(entry)?)
        };
        for rule in present
            .iter()
            .filter(|rule| !wanted_names.contains_key(&rule.name))
        {
            rules::remove(tx, rule.id)?;
            record(tx, "config.rule.removed", rule)?;
        }
        for rule in wanted {
            match known.get(&rule.name) {
                None => {
                    rules::insert(tx, rule)?;
                    record(tx, "config.rule.created", rule)?;
                }
                Some(before) if RuleDraft::from(*before) != RuleDraft::from(rule) => {
                    // What stands there now, not what stood there when the set came.
                    let mut rule = rule.clone();
                    rule.id = before.id;
                    rule.created_at = before.created_at;
                    rules::update(tx, &rule)?;
                    record(tx, "config.rule.updated", &rule)?;
                }
                Some(_) => {}
            }
        }
        compare(present, wanted)
    }

    /// The rules that a set is made of, checked.
    pub(crate) fn rules_of(&self, cx: &OpCx, set: &RuleSet) -> Result<Vec<Rule>> {
        let snapshot = self.snapshot();
        let known = snapshot
            .lists
            .rules
            .iter()
            .map(|rule| (&rule.name, &**rule));
        made(set, &known.collect(), |draft| {
            let RuleDraft {
                name,
                kind,
                priority,
                matcher,
                verdict,
                ask,
                mode,
                reason,
                labels,
            } = draft.clone();
            Rule {
                id: RuleId::new(self.inner.clock.uuid()),
                name,
                kind,
                priority,
                matcher,
                verdict,
                ask,
                mode,
                reason,
                labels,
                created_at: cx.now,
            }
        })
    }

    /// What is odd about a set, or about the rules in force where none is given.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the rule and the part of it at fault.
    pub fn lint_rules(&self, cx: &OpCx, set: Option<&RuleSet>) -> Result<Vec<Warning>> {
        cx.require(Permission::ConfigRead)?;
        if let Some(set) = set {
            return Ok(lint(&self.rules_of(cx, set)?));
        }
        Ok(lint(&self.standing_alone()))
    }

    /// What is odd about a rule that was just written, and what it makes odd about others.
    pub fn warnings_of(&self, rule: &Rule) -> Vec<Warning> {
        let is_about = |warning: &Warning| {
            warning.rule == rule.name || warning.other.as_ref() == Some(&rule.name)
        };
        let mut warnings = lint(&self.standing_alone());
        warnings.retain(is_about);
        warnings
    }

    /// The rules that are no part of a list.
    fn standing_alone(&self) -> Vec<Rule> {
        let snapshot = self.snapshot();
        snapshot
            .lists
            .rules
            .iter()
            .map(|rule| Rule::clone(rule))
            .collect()
    }
}
