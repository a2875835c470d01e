//! Warnings about rules: what was written is valid, and probably not what was meant.
//!
//! Pure, and only ever a hint: a rule with warnings counts as every other.

use serde::Serialize;

use crate::{
    name::Name,
    rule::{Condition, Rule, RuleKind, RuleMode},
    verdict::Verdict,
};

/// So many rules are compared with each other: comparing takes the square of it.
pub const COMPARED_RULES: usize = 2_000;

/// What is odd about a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// It only looks at what the agent itself chooses.
    AgentChooses,
    /// A rule before it speaks on everything that it is about.
    Unreachable,
    /// It allows everything.
    AllowsEverything,
    /// A guard that allows changes no verdict.
    SaysNothing,
    /// A pattern that finds itself in every text, or anywhere in it.
    BroadPattern,
}

impl WarningCode {
    /// The word as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentChooses => "agent_chooses",
            Self::Unreachable => "unreachable",
            Self::AllowsEverything => "allows_everything",
            Self::SaysNothing => "says_nothing",
            Self::BroadPattern => "broad_pattern",
        }
    }
}

/// A hint about one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What.
    pub code: WarningCode,
    /// Which rule.
    pub rule: Name,
    /// Where in it: `match`, `match.input.note.regex`.
    pub place: String,
    /// What it means, and what to do.
    pub message: String,
    /// The other rule that it is about, where it is about two.
    pub other: Option<Name>,
}

/// Looks at a whole set of rules; what is listed first is looked at first when the set decides.
pub fn lint(rules: &[Rule]) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = rules.iter().flat_map(alone).collect();
    let mut ordered: Vec<&Rule> = rules
        .iter()
        .filter(|rule| rule.kind == RuleKind::Rule)
        .collect();
    ordered.sort_by(|left, right| {
        left.priority
            .cmp(&right.priority)
            .then_with(|| left.name.cmp(&right.name))
    });
    ordered.truncate(COMPARED_RULES);
    for (position, rule) in ordered.iter().enumerate() {
        let hides = |earlier: &&&Rule| {
            earlier.mode == RuleMode::Enforce && earlier.matcher.contains(&rule.matcher)
        };
        if let Some(earlier) = ordered[..position].iter().find(hides) {
            warnings.push(Warning {
                code: WarningCode::Unreachable,
                rule: rule.name.clone(),
                place: "match".to_owned(),
                message: format!(
                    "it never speaks: rule {} (priority {}) comes before it and is about everything that it is about; give it a lower \
                     priority or narrow the other",
                    earlier.name, earlier.priority
                ),
                other: Some(earlier.name.clone()),
            });
        }
    }
    warnings
}

/// What can be said of a rule without the others.
fn alone(rule: &Rule) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, place: &str, message: &str| {
        warnings.push(Warning {
            code,
            rule: rule.name.clone(),
            place: place.to_owned(),
            message: message.to_owned(),
            other: None,
        });
    };
    let matcher = &rule.matcher;
    let is_guard = rule.kind == RuleKind::Guard;
    if is_guard && rule.verdict == Verdict::Allow {
        let message = "a guard that allows changes nothing: guards only make stricter; make it a rule or remove it";
        warn(WarningCode::SaysNothing, "verdict", message);
    } else if matcher.is_empty() && rule.verdict == Verdict::Allow {
        let message = "it allows everything that a grant leaves to the rules: name an agent, target, action or effect";
        warn(WarningCode::AllowsEverything, "match", message);
    } else if !matcher.is_empty() && !matcher.looks_at_what_the_gate_knows() {
        if rule.verdict == Verdict::Allow {
            let message = "it allows by what the agent itself chooses: name an agent, target, action or effect as well";
            warn(WarningCode::AgentChooses, "match", message);
        } else if matcher.input.is_empty() {
            let message = "the agent itself chooses what this looks at, and gets around it by choosing otherwise: look at the agent, \
                           target, action, effect or input";
            warn(WarningCode::AgentChooses, "match", message);
        }
    }
    let mut conditions: Vec<(String, &Condition)> = Vec::new();
    conditions.extend(
        matcher
            .action_name
            .iter()
            .map(|it| ("match.action_name".to_owned(), it)),
    );
    conditions.extend(
        matcher
            .input
            .iter()
            .map(|(path, it)| (format!("match.input.{path}"), it)),
    );
    conditions.extend(
        matcher
            .context
            .iter()
            .map(|(path, it)| (format!("match.context.{path}"), it)),
    );
    while let Some((place, condition)) = conditions.pop() {
        if condition
            .glob
            .as_ref()
            .is_some_and(|glob| is_broad(|text| glob.covers(text)))
        {
            let message = "the pattern covers every text: say what it should be, or use exists";
            warn(WarningCode::BroadPattern, &format!("{place}.glob"), message);
        }
        if let Some(pattern) = &condition.regex {
            let place = format!("{place}.regex");
            if is_broad(|text| pattern.finds(text)) {
                let message =
                    "the expression is found in every text: say what it should be, or use exists";
                warn(WarningCode::BroadPattern, &place, message);
            } else if rule.verdict == Verdict::Allow && !is_anchored(pattern.as_str()) {
                let message = "the expression is looked for anywhere in the text, so that more is allowed than it names: begin it with ^ \
                               and end it with $";
                warn(WarningCode::BroadPattern, &place, message);
            }
        }
        let inner = [
            ("not", &condition.not),
            ("any", &condition.any),
            ("all", &condition.all),
        ];
        conditions.extend(
            inner
                .into_iter()
                .filter_map(|(name, inner)| Some((format!("{place}.{name}"), inner.as_deref()?))),
        );
    }
    warnings
}

/// Texts that have nothing in common but their length.
const UNLIKE: [&str; 5] = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "////////////////////////////////////////////////////////////////",
    "                                                                ",
    "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
];

fn is_broad(fits: impl Fn(&str) -> bool) -> bool {
    UNLIKE.iter().all(|text| fits(text))
}

/// Whether an expression says where the text begins and ends.
fn is_anchored(expression: &str) -> bool {
    let begins = expression.starts_with('^') || expression.starts_with("\\A");
    let ends =
        expression.ends_with('$') && !expression.ends_with("\\$") || expression.ends_with("\\z");
    begins && ends
}

#[cfg(test)]
mod tests;
