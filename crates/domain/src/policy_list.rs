//! Policy lists: rules about approval-only actions that one writer keeps together, in their order.
//!
//! Invariants: a list takes part as plain rules, beside those that stand alone; it never says anything about another target than the
//! one of approval-only actions, so that a list that allows everything opens no door; each of its rules has an id that only it has.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    agent::Labels,
    id::{EscalationRuleId, PolicyListId, RuleId},
    name::Name,
    rule::{AskTerms, Escalation, InvalidRule, Rule, RuleKind, RuleMatch, RuleMode},
    time::Timestamp,
    verdict::Verdict,
};

/// The most rules in one list.
pub const LISTED_RULE_LIMIT: usize = 500;

/// One rule of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedRule {
    /// What it is about.
    #[serde(rename = "match")]
    pub matcher: RuleMatch,
    /// What it says.
    pub verdict: Verdict,
    /// What an `ask` asks for.
    #[serde(default, skip_serializing_if = "AskTerms::is_empty")]
    pub ask: AskTerms,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What happens when nobody has decided for a while on what a list asked about: a channel is told, or the request is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationRule {
    /// Its id.
    pub id: EscalationRuleId,
    /// Of which list; of everything that is asked where it is not given.
    pub list: Option<PolicyListId>,
    /// After how many seconds.
    pub after_seconds: u64,
    /// Which channel is told; where there is none, the request is denied.
    pub channel: Option<String>,
    /// Lower is looked at first.
    pub priority: i64,
    /// Whether it counts.
    pub is_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl EscalationRule {
    /// What a rule that asks says with it.
    pub fn term(&self) -> Escalation {
        Escalation {
            after_seconds: self.after_seconds,
            approvers: None,
            channel: self.channel.clone(),
            deny: self.channel.is_none(),
        }
    }
}

/// Rules that are kept together, in their order: the first that matches speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyList {
    /// Its id.
    pub id: PolicyListId,
    /// What its writer calls it. Not unique.
    pub name: String,
    /// Lower speaks first; ties by age.
    pub priority: i64,
    /// Whether it counts.
    pub is_enabled: bool,
    /// The rules.
    pub rules: Vec<ListedRule>,
    /// What its writer wrote, for the face that it was written through. The gate never looks at it.
    pub source: Value,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PolicyList {
    /// The id of the rule at a position.
    pub fn rule_id(&self, position: usize) -> RuleId {
        let mut bytes = *self.id.as_bytes();
        let position = u32::try_from(position).unwrap_or(u32::MAX).to_be_bytes();
        for (byte, part) in bytes[12..].iter_mut().zip(position) {
            *byte ^= part;
        }
        RuleId::new(Uuid::from_bytes(bytes))
    }

    /// The position of the rule with an id.
    pub fn position_of(&self, rule: RuleId) -> Option<usize> {
        (0..self.rules.len()).find(|position| self.rule_id(*position) == rule)
    }

    /// The rules as they take part, about one target only.
    pub fn compiled(&self, target: &Name) -> Vec<Rule> {
        let rule = |(position, listed): (usize, &ListedRule)| {
            let name = format!("policy-{}-{position:05}", self.id.uuid().simple());
            Some(Rule {
                id: self.rule_id(position),
                name: name.parse().ok()?,
                kind: RuleKind::Rule,
                priority: self.priority,
                matcher: RuleMatch {
                    target: Some(vec![target.clone()]),
                    ..listed.matcher.clone()
                },
                verdict: listed.verdict,
                ask: listed.ask.clone(),
                mode: RuleMode::Enforce,
                reason: listed.reason.clone(),
                labels: Labels::new(),
                created_at: self.created_at,
            })
        };
        self.rules.iter().enumerate().filter_map(rule).collect()
    }

    /// Checks what types can't; names the rule at fault by its position.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, target: &Name) -> Result<(), (usize, InvalidRule)> {
        self.compiled(target)
            .iter()
            .enumerate()
            .try_for_each(|(position, rule)| rule.check().map_err(|error| (position, error)))
    }
}

#[cfg(test)]
mod tests;
