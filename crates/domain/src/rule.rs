//! Rules: what operators say about actions, beyond grants.

mod condition;
mod pattern;
mod terms;
mod view;
mod window;

pub use condition::{Condition, Conditions, NESTING_LIMIT};
pub use pattern::{Glob, InvalidPattern, PATTERN_LIMIT_BYTES, Pattern};
pub use terms::{Approver, AskTerms, Escalation, InvalidTerms, LIST_LIMIT, QUORUM_LIMIT};
pub use window::{TimeOfDay, TimeWindow, Weekday, Zone};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    action::ActionPattern,
    agent::Labels,
    effect::Effect,
    facts::{Facts, Urgency},
    id::RuleId,
    name::Name,
    time::Timestamp,
    verdict::Verdict,
};
use condition::{ConditionFault, present};
pub(crate) use view::View;

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
/// Fields of the input and the context are named explicitly (`body.amount` below `input`), so that nothing an agent sends can take the
/// place of the agent, action, target or effect that the gate has resolved.
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
    /// What the action's name must be as text, where patterns do not say it.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub action_name: Option<Condition>,
    /// Effects.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub effect: Option<Vec<Effect>>,
    /// Urgencies. The agent chooses its own.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub urgency: Option<Vec<Urgency>>,
    /// What the risk score must be, 0 to 1.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub risk: Option<Condition>,
    /// Whether the turn that asks has read untrusted content.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub tainted: Option<bool>,
    /// When.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub time: Option<TimeWindow>,
    /// Dotted paths into the action's input, each with what must hold there.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub input: Conditions,
    /// Dotted paths into what the agent said around the action, each with what must hold there.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub context: Conditions,
}

/// Why a rule can't be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// A list that can never match.
    #[error("match.{0} is an empty list and would never match: leave it out or name something")]
    EmptyList(&'static str),
    /// A condition without an operator.
    #[error(
        "match.{0} has no operator: use one of eq, in, lt, lte, gt, gte, glob, regex, exists, not, any, all"
    )]
    EmptyCondition(String),
    /// A condition in a condition in a condition ...
    #[error(
        "match.{0} is nested too deep: at most {NESTING_LIMIT} of not, any, all in one another"
    )]
    TooDeep(String),
    /// A path with an empty part or too many parts.
    #[error(
        "match.{0} is not a path: use names joined by dots, at most {PATH_DEPTH_LIMIT} of them"
    )]
    Path(String),
    /// Too much.
    #[error("match.{0} has more than {CONDITION_LIMIT} conditions")]
    TooManyConditions(&'static str),
    /// A window of time that is always open.
    #[error("match.time says nothing: give days, from or until, or leave it out")]
    EmptyWindow,
    /// Terms on a verdict that asks nobody.
    #[error("ask can only be given where the verdict is ask")]
    TermsWithoutAsk,
    /// Terms that can't be met.
    #[error(transparent)]
    Terms(#[from] InvalidTerms),
}

impl RuleMatch {
    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what types can't.
    ///
    /// # Errors
    /// Names the part at fault.
    pub fn check(&self) -> Result<(), InvalidRule> {
        for (name, is_empty) in [
            ("agent", self.agent.as_ref().map(Vec::is_empty)),
            ("target", self.target.as_ref().map(Vec::is_empty)),
            ("action", self.action.as_ref().map(Vec::is_empty)),
            ("effect", self.effect.as_ref().map(Vec::is_empty)),
            ("urgency", self.urgency.as_ref().map(Vec::is_empty)),
            (
                "time.days",
                self.time
                    .as_ref()
                    .and_then(|time| time.days.as_ref())
                    .map(Vec::is_empty),
            ),
        ] {
            if is_empty == Some(true) {
                return Err(InvalidRule::EmptyList(name));
            }
        }
        if self.time.as_ref().is_some_and(TimeWindow::is_empty) {
            return Err(InvalidRule::EmptyWindow);
        }
        for (name, condition) in [("risk", &self.risk), ("action_name", &self.action_name)] {
            if let Some(condition) = condition {
                check_condition(name, condition)?;
            }
        }
        check_conditions("input", &self.input)?;
        check_conditions("context", &self.context)
    }

    /// Whether the facts are certainly what this is about.
    pub fn matches(&self, facts: &Facts) -> bool {
        self.judge(facts) == Match::Yes
    }

    /// Whether the facts are what this is about, as far as they could be read.
    pub fn judge(&self, facts: &Facts) -> Match<'_> {
        self.judge_view(&View::of(facts))
    }

    /// [`Self::judge`] of facts that were prepared before: a set prepares them once for all its rules.
    pub(crate) fn judge_view(&self, view: &View<'_>) -> Match<'_> {
        if self.missed(view).is_some() {
            return Match::No;
        }
        let mut answer = Match::Yes;
        for (_, place, holds) in self.answers(view) {
            match holds {
                Some(false) => return Match::No,
                None if answer == Match::Yes => answer = Match::Unreadable(place),
                _ => {}
            }
        }
        answer
    }

    /// What each condition says, with the part that it stands in and its path there.
    fn answers<'rule>(
        &'rule self,
        view: &View<'_>,
    ) -> impl Iterator<Item = (&'static str, &'rule str, Option<bool>)> {
        let facts = view.facts;
        let name = self.action_name.iter().map(|condition| {
            (
                "",
                "action_name",
                condition.holds_of_text(&facts.action.name),
            )
        });
        let risk = self.risk.iter().map(|condition| {
            let score = Value::from(facts.risk.score.get());
            ("", "risk", condition.holds(Some(&score)))
        });
        let inputs = self.input.iter().map(|(path, condition)| {
            let holds = if view.is_unreadable(path) {
                None
            } else {
                condition.holds(view.input(path))
            };
            ("input.", path.as_str(), holds)
        });
        let contexts = self.context.iter().map(|(path, condition)| {
            (
                "context.",
                path.as_str(),
                condition.holds(view.context(path)),
            )
        });
        name.chain(risk).chain(inputs).chain(contexts)
    }

    /// The first part, other than a condition, that the facts are not what it names.
    fn missed(&self, view: &View<'_>) -> Option<&'static str> {
        fn misses<T: PartialEq>(list: Option<&Vec<T>>, value: &T) -> bool {
            list.is_some_and(|list| !list.contains(value))
        }
        let facts = view.facts;
        if misses(self.agent.as_ref(), &facts.agent.name) {
            return Some("agent");
        }
        if misses(self.target.as_ref(), &facts.target.name) {
            return Some("target");
        }
        if misses(self.effect.as_ref(), &facts.action.effect) {
            return Some("effect");
        }
        if misses(self.urgency.as_ref(), &facts.urgency) {
            return Some("urgency");
        }
        if self
            .tainted
            .is_some_and(|expected| expected != facts.tainted)
        {
            return Some("tainted");
        }
        let is_covered = |patterns: &Vec<ActionPattern>| {
            patterns.iter().any(|pattern| pattern.covers(&view.action))
        };
        if self
            .action
            .as_ref()
            .is_some_and(|patterns| !is_covered(patterns))
        {
            return Some("action");
        }
        if self
            .time
            .as_ref()
            .is_some_and(|time| !time.contains(facts.at))
        {
            return Some("time");
        }
        None
    }

    /// The first part that keeps this from being about the facts: `match.input.amount`. `None` where it is about them, or may be.
    pub fn why_not(&self, facts: &Facts) -> Option<String> {
        self.why_not_view(&View::of(facts))
    }

    /// [`Self::why_not`] of facts that were prepared before.
    pub(crate) fn why_not_view(&self, view: &View<'_>) -> Option<String> {
        if let Some(part) = self.missed(view) {
            return Some(format!("match.{part}"));
        }
        let mut answers = self.answers(view);
        answers.find_map(|(part, path, holds)| {
            (holds == Some(false)).then(|| format!("match.{part}{path}"))
        })
    }

    /// The names that an action must have one of for this to be about it, where that can be said.
    pub(crate) fn words(&self) -> Option<Vec<&str>> {
        let by_name = || match &self.action_name {
            Some(Condition {
                eq: Some(Value::String(text)),
                ..
            }) => Some(vec![text.as_str()]),
            _ => None,
        };
        self.action
            .as_ref()
            .and_then(|patterns| patterns.iter().map(ActionPattern::word).collect())
            .or_else(by_name)
    }

    /// Whether it looks at something that the agent does not choose by itself: who it is, on what it acts, what the act does, how risky
    /// the gate finds it, when.
    pub fn looks_at_what_the_gate_knows(&self) -> bool {
        self.agent.is_some()
            || self.target.is_some()
            || self.action.is_some()
            || self.action_name.is_some()
            || self.effect.is_some()
            || self.risk.is_some()
            || self.tainted.is_some()
            || self.time.is_some()
    }

    /// Whether every fact that `other` is about is one that this is about, too, as far as that can be seen from how they are written.
    pub fn contains(&self, other: &Self) -> bool {
        fn wider<T: PartialEq>(mine: Option<&Vec<T>>, theirs: Option<&Vec<T>>) -> bool {
            match (mine, theirs) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => theirs.iter().all(|one| mine.contains(one)),
            }
        }
        fn same<T: PartialEq>(mine: Option<&T>, theirs: Option<&T>) -> bool {
            mine.is_none() || mine == theirs
        }
        fn conditions(mine: &Conditions, theirs: &Conditions) -> bool {
            mine.iter()
                .all(|(path, condition)| theirs.get(path) == Some(condition))
        }
        let everything = |patterns: &Vec<ActionPattern>| {
            patterns
                .iter()
                .any(|pattern| pattern.as_str() == ActionPattern::EVERYTHING)
        };
        wider(self.agent.as_ref(), other.agent.as_ref())
            && wider(self.target.as_ref(), other.target.as_ref())
            && wider(self.effect.as_ref(), other.effect.as_ref())
            && wider(self.urgency.as_ref(), other.urgency.as_ref())
            && (self.action.as_ref().is_some_and(everything)
                || wider(self.action.as_ref(), other.action.as_ref()))
            && same(self.action_name.as_ref(), other.action_name.as_ref())
            && same(self.risk.as_ref(), other.risk.as_ref())
            && same(self.tainted.as_ref(), other.tainted.as_ref())
            && same(self.time.as_ref(), other.time.as_ref())
            && conditions(&self.input, &other.input)
            && conditions(&self.context, &other.context)
    }
}

fn check_conditions(name: &'static str, conditions: &Conditions) -> Result<(), InvalidRule> {
    if conditions.len() > CONDITION_LIMIT {
        return Err(InvalidRule::TooManyConditions(name));
    }
    for (path, condition) in conditions {
        let place = format!("{name}.{path}");
        if path.split('.').any(str::is_empty) || path.split('.').count() > PATH_DEPTH_LIMIT {
            return Err(InvalidRule::Path(place));
        }
        check_condition(&place, condition)?;
    }
    Ok(())
}

fn check_condition(place: &str, condition: &Condition) -> Result<(), InvalidRule> {
    match condition.fault() {
        None => Ok(()),
        Some(ConditionFault::Empty(inner)) => {
            Err(InvalidRule::EmptyCondition(format!("{place}{inner}")))
        }
        Some(ConditionFault::TooDeep(inner)) => {
            Err(InvalidRule::TooDeep(format!("{place}{inner}")))
        }
    }
}

/// Whether a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleMode {
    /// It does.
    #[default]
    Enforce,
    /// What it would say is recorded, and changes nothing.
    Shadow,
}

impl RuleMode {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
        }
    }
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
    /// What an `ask` asks for.
    #[serde(default, skip_serializing_if = "AskTerms::is_empty")]
    pub ask: AskTerms,
    /// Whether it counts.
    #[serde(default)]
    pub mode: RuleMode,
    /// Why, for whoever reads a decision.
    pub reason: String,
    /// Marks.
    pub labels: Labels,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Rule {
    /// Checks what types can't.
    ///
    /// # Errors
    /// Names the part at fault.
    pub fn check(&self) -> Result<(), InvalidRule> {
        self.matcher.check()?;
        if self.verdict != Verdict::Ask && !self.ask.is_empty() {
            return Err(InvalidRule::TermsWithoutAsk);
        }
        Ok(self.ask.check()?)
    }
}

#[cfg(test)]
mod tests;
