//! Rules: what operators say about actions, beyond grants.

use std::{cmp::Ordering, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    action::ActionPattern, agent::Labels, effect::Effect, facts::Facts, id::RuleId, name::Name,
    time::Timestamp, verdict::Verdict,
};

/// The most conditions in one rule.
pub const CONDITION_LIMIT: usize = 64;

/// The deepest path into the input.
pub const PATH_DEPTH_LIMIT: usize = 32;

/// How a rule takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// All guards that match speak; order does not matter.
    Guard,
    /// Rules are ordered by priority; the first that matches speaks.
    Rule,
}

impl RuleKind {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Rule => "rule",
        }
    }
}

/// What a field must be. All operators that are given must hold; an unknown operator is refused when the rule is written.
///
/// `eq` and `in` are strict: 500 is not `"500"`. `lt`, `lte`, `gt` and `gte` also take a number in text, written as JSON writes it and
/// without an exponent; any other value there can't be read as a number: see [`Match::Unreadable`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Equal to this value.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub eq: Option<Value>,
    /// Equal to one of these values.
    #[serde(
        default,
        rename = "in",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub one_of: Option<Vec<Value>>,
    /// A number below this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub lt: Option<f64>,
    /// A number at or below this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub lte: Option<f64>,
    /// A number above this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub gt: Option<f64>,
    /// A number at or above this.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub gte: Option<f64>,
    /// Present (`true`) or absent (`false`).
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub exists: Option<bool>,
}

/// A field that is there is never taken for one that is not: `"eq": null` compares with null, and `"lt": null` is an error.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Condition {
    /// Whether it holds; `None` where that can't be said.
    fn holds(&self, value: Option<&Value>) -> Option<bool> {
        let certain = self
            .exists
            .is_none_or(|expected| expected == value.is_some())
            && self
                .eq
                .as_ref()
                .is_none_or(|expected| value == Some(expected))
            && self
                .one_of
                .as_ref()
                .is_none_or(|list| value.is_some_and(|value| list.contains(value)));
        let bounds = [
            (self.lt, [Ordering::Less, Ordering::Less]),
            (self.lte, [Ordering::Less, Ordering::Equal]),
            (self.gt, [Ordering::Greater, Ordering::Greater]),
            (self.gte, [Ordering::Greater, Ordering::Equal]),
        ];
        let mut bounds = bounds
            .iter()
            .filter_map(|(bound, accepted)| Some(((*bound)?, accepted)))
            .peekable();
        if !certain || bounds.peek().is_none() {
            return Some(certain);
        }
        match value {
            None | Some(Value::Null) => Some(false),
            Some(value) => number(value).map(|actual| {
                bounds.all(|(bound, accepted)| {
                    actual
                        .partial_cmp(&bound)
                        .is_some_and(|ordering| accepted.contains(&ordering))
                })
            }),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A number, or one in text. Text that some servers take for another number than others (`0500`, `5e2`, ` 5`) is none.
fn number(value: &Value) -> Option<f64> {
    let Value::String(text) = value else {
        return value.as_f64();
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = is_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits);
    is_plain
        .then(|| text.parse().ok())
        .flatten()
        .filter(|number: &f64| number.is_finite())
}

/// Whether a rule is about some facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match<'rule> {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It may be: all that was read matches, and the value at this path was not read, or not as the number that the rule asks for.
    Unreadable(&'rule str),
}

/// What a rule is about. Every part that is given must match; a rule with no part matches everything.
///
/// Fields of the input are named explicitly (`body.amount` below `input`), so that nothing an agent sends can take the place of
/// the agent, action, target or effect that the gate has resolved.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleMatch {
    /// Names of agents.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub agent: Option<Vec<Name>>,
    /// Names of targets.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub target: Option<Vec<Name>>,
    /// Patterns of actions.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub action: Option<Vec<ActionPattern>>,
    /// Effects.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub effect: Option<Vec<Effect>>,
    /// Dotted paths into the action's input, each with what must hold there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub input: BTreeMap<String, Condition>,
}

/// Why a rule can't be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// A list that can never match.
    #[error("match.{0} is an empty list and would never match: leave it out or name something")]
    EmptyList(&'static str),
    /// A condition without an operator.
    #[error("match.input.{0} has no operator: use one of eq, in, lt, lte, gt, gte, exists")]
    EmptyCondition(String),
    /// A path with an empty part or too many parts.
    #[error(
        "match.input.{0} is not a path: use names joined by dots, at most {PATH_DEPTH_LIMIT} of them"
    )]
    Path(String),
    /// Too much.
    #[error("match.input has more than {CONDITION_LIMIT} conditions")]
    TooManyConditions,
}

impl RuleMatch {
    /// Checks what types can't.
    ///
    /// # Errors
    /// Names the part at fault.
    pub fn check(&self) -> Result<(), InvalidRule> {
        let empty = |list: Option<bool>| list == Some(true);
        for (name, is_empty) in [
            ("agent", self.agent.as_ref().map(Vec::is_empty)),
            ("target", self.target.as_ref().map(Vec::is_empty)),
            ("action", self.action.as_ref().map(Vec::is_empty)),
            ("effect", self.effect.as_ref().map(Vec::is_empty)),
        ] {
            if empty(is_empty) {
                return Err(InvalidRule::EmptyList(name));
            }
        }
        if self.input.len() > CONDITION_LIMIT {
            return Err(InvalidRule::TooManyConditions);
        }
        for (path, condition) in &self.input {
            if path.split('.').any(str::is_empty) || path.split('.').count() > PATH_DEPTH_LIMIT {
                return Err(InvalidRule::Path(path.clone()));
            }
            if condition.is_empty() {
                return Err(InvalidRule::EmptyCondition(path.clone()));
            }
        }
        Ok(())
    }

    /// Whether the facts are certainly what this is about.
    pub fn matches(&self, facts: &Facts) -> bool {
        self.judge(facts) == Match::Yes
    }

    /// Whether the facts are what this is about, as far as they could be read.
    pub fn judge(&self, facts: &Facts) -> Match<'_> {
        let is_about = self
            .agent
            .as_ref()
            .is_none_or(|names| names.contains(&facts.agent.name))
            && self
                .target
                .as_ref()
                .is_none_or(|names| names.contains(&facts.target.name))
            && self
                .effect
                .as_ref()
                .is_none_or(|effects| effects.contains(&facts.action.effect))
            && self.action.as_ref().is_none_or(|patterns| {
                patterns
                    .iter()
                    .any(|pattern| pattern.matches(&facts.action.name))
            });
        if !is_about {
            return Match::No;
        }
        let mut answer = Match::Yes;
        for (path, condition) in &self.input {
            let holds = if facts.is_unreadable(path) {
                None
            } else {
                condition.holds(lookup(&facts.input, path))
            };
            match (holds, answer) {
                (Some(true), _) | (None, Match::Unreadable(_)) => {}
                (Some(false), _) => return Match::No,
                (None, _) => answer = Match::Unreadable(path),
            }
        }
        answer
    }
}

/// The value at a dotted path; list elements by their number.
fn lookup<'value>(value: &'value Value, path: &str) -> Option<&'value Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
        _ => None,
    })
}

/// One rule of the policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its name, unique: what a decision names as its maker.
    pub name: Name,
    /// How it takes part.
    pub kind: RuleKind,
    /// Lower speaks first; ties by name. Guards ignore it.
    pub priority: i64,
    /// What it is about.
    #[serde(rename = "match")]
    pub matcher: RuleMatch,
    /// What it says.
    pub verdict: Verdict,
    /// Why, for whoever reads a decision.
    pub reason: String,
    /// Marks.
    pub labels: Labels,
    /// When it was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests;
