//! Why a decision came out as it did: everything that was looked at, what spoke, and what kept each of the others from it.
//!
//! It decides nothing: the verdict beside it comes from [`decide`], and what is told here follows the same conditions. Nothing of an
//! input's values is in it, only the places that were looked at.

use serde::Serialize;
use uuid::Uuid;

use super::{Decision, PolicySet, Speaker, Voice, decide, rule_voice};
use crate::{
    action::ParsedAction,
    effect::Effect,
    facts::Facts,
    grant::{Grant, GrantVerdict},
    overrides::Override,
    rule::{Match, Rule, RuleMode, View},
    scope::Permission,
    standing::StandingApproval,
    verdict::Verdict,
};

/// Whether something spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did.
    Spoke,
    /// It would have, and only watches: shadow mode.
    Shadow,
    /// It had nothing to say.
    Silent,
    /// A rule before it spoke: it was not asked.
    NotReached,
}

impl Outcome {
    /// The word as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spoke => "spoke",
            Self::Shadow => "shadow",
            Self::Silent => "silent",
            Self::NotReached => "not_reached",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// What it is: the words of [`Speaker::as_str`], and `standing_approval`.
    pub kind: &'static str,
    /// The grant's, rule's, override's or standing approval's id.
    pub id: Option<Uuid>,
    /// A rule's name, a grant's action.
    pub name: Option<String>,
    /// What it says when it speaks; `None` for a grant that leaves it to the rules, and for what can only ever be looked at.
    pub verdict: Option<Verdict>,
    /// Whether it spoke.
    pub outcome: Outcome,
    /// Why it spoke, or why not.
    pub why: String,
    /// The part of its match that kept it from speaking: `match.input.amount`.
    pub part: Option<String>,
}

/// A decision with everything that was looked at for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// What was looked at, in the order of the voices; standing approvals last.
    pub considered: Vec<Considered>,
}

impl Considered {
    fn new(kind: &'static str, outcome: Outcome, why: impl Into<String>) -> Self {
        Self {
            kind,
            id: None,
            name: None,
            verdict: None,
            outcome,
            why: why.into(),
            part: None,
        }
    }

    fn of(self, id: Uuid, name: Option<String>) -> Self {
        Self {
            id: Some(id),
            name,
            ..self
        }
    }

    fn saying(self, verdict: Verdict) -> Self {
        Self {
            verdict: Some(verdict),
            ..self
        }
    }

    fn kept_by(self, part: Option<String>) -> Self {
        Self { part, ..self }
    }
}

/// Decides and says why. Pure, and as [`decide`] does: standing approvals of one exact payload answer nothing here.
pub fn explain(policy: &PolicySet, facts: &Facts) -> Explanation {
    let decision = decide(policy, facts);
    let view = View::of(facts);
    let mut considered = vec![key_scope(facts)];
    let grants = policy.grants_of(facts.agent.id);
    considered.extend(grants.iter().map(|grant| of_grant(grant, &view)));
    let has_spoken =
        |wanted: fn(&Speaker) -> bool| decision.voices.iter().find(|voice| wanted(&voice.speaker));
    if let Some(voice) = has_spoken(|speaker| *speaker == Speaker::NoGrant) {
        considered.push(of_voice(voice));
    }
    considered.extend(policy.guards.iter().map(|guard| {
        of_rule(Speaker::Guard(guard.id), guard, &view)
            .of(guard.id.uuid(), Some(guard.name.to_string()))
    }));
    considered.extend(policy.overrides.iter().map(|one| of_override(one, facts)));
    let of_facts = |speaker: &Speaker| matches!(speaker, Speaker::Threat);
    considered.extend(
        decision
            .voices
            .iter()
            .filter(|voice| of_facts(&voice.speaker))
            .map(of_voice),
    );
    if facts.findings.is_empty() {
        considered.push(Considered::new(
            "threat",
            Outcome::Silent,
            "no scan found anything in it",
        ));
    }
    considered.push(
        has_spoken(|speaker| *speaker == Speaker::Risk).map_or_else(|| no_risk(facts), of_voice),
    );
    considered.push(
        has_spoken(|speaker| *speaker == Speaker::Budget)
            .map_or_else(|| no_budget(facts), of_voice),
    );
    considered.push(
        has_spoken(|speaker| *speaker == Speaker::Taint).map_or_else(|| no_taint(facts), of_voice),
    );
    ordered(policy, &view, &mut considered);
    considered.push(
        has_spoken(|speaker| *speaker == Speaker::Default).map_or_else(
            || {
                Considered::new(
                    "default",
                    Outcome::Silent,
                    "a rule spoke, or no grant leaves it to the rules",
                )
            },
            of_voice,
        ),
    );
    let standing = policy
        .standing
        .iter()
        .filter(|standing| standing.agent == facts.agent.id);
    considered.extend(standing.map(|standing| of_standing(standing, facts, &decision)));
    Explanation {
        decision,
        considered,
    }
}

fn of_voice(voice: &Voice) -> Considered {
    Considered::new(voice.speaker.as_str(), Outcome::Spoke, voice.reason.clone())
        .saying(voice.verdict)
}

fn key_scope(facts: &Facts) -> Considered {
    let kind = Speaker::KeyScope.as_str();
    if facts.permissions.contains(Permission::RequestCreate) {
        return Considered::new(kind, Outcome::Silent, "the key may ask");
    }
    let why = "the key's scopes do not include request:create";
    Considered::new(kind, Outcome::Spoke, why).saying(Verdict::Deny)
}

fn of_grant(grant: &Grant, view: &View<'_>) -> Considered {
    let facts = view.facts;
    let ended = grant.expires_at.filter(|expiry| *expiry <= facts.at);
    let (outcome, why) = if grant.profile != facts.target.profile {
        let why = if grant.target == facts.target.id {
            "it is for another profile of the target"
        } else {
            "it is for another target"
        };
        (Outcome::Silent, why.to_owned())
    } else if let Some(expiry) = ended {
        (Outcome::Silent, format!("it ended at {expiry}"))
    } else if grant.covers_parsed(facts.target.profile, &view.action, facts.at) {
        (
            Outcome::Spoke,
            format!("it covers the action and says {}", grant.verdict),
        )
    } else if matches!(view.action, ParsedAction::Ambiguous) {
        let why = "the action's path could be read in two ways: only ** covers it";
        (Outcome::Silent, why.to_owned())
    } else {
        (
            Outcome::Silent,
            format!("{} does not cover {}", grant.action, facts.action.name),
        )
    };
    let verdict = match grant.verdict {
        GrantVerdict::Allow => Some(Verdict::Allow),
        GrantVerdict::Ask => Some(Verdict::Ask),
        GrantVerdict::Deny => Some(Verdict::Deny),
        GrantVerdict::ByPolicy => None,
    };
    Considered {
        verdict,
        ..Considered::new("grant", outcome, why).of(grant.id.uuid(), Some(grant.action.to_string()))
    }
}

/// What a rule that is asked says, or why it says nothing.
fn of_rule(speaker: Speaker, rule: &Rule, view: &View<'_>) -> Considered {
    let answer = rule.matcher.judge_view(view);
    let kind = speaker.as_str();
    let told = if let Some(voice) = rule_voice(speaker, rule, answer) {
        let outcome = match rule.mode {
            RuleMode::Enforce => Outcome::Spoke,
            RuleMode::Shadow => Outcome::Shadow,
        };
        Considered::new(kind, outcome, voice.reason)
    } else if let Match::Unreadable(path) = answer {
        let why = format!("input.{path} could not be read, and what allows has to be certain");
        Considered::new(kind, Outcome::Silent, why).kept_by(Some(format!("match.input.{path}")))
    } else {
        let part = rule.matcher.why_not_view(view);
        let why = part.as_deref().map_or_else(
            || "it is not about this".to_owned(),
            |part| format!("{part} is not what this is"),
        );
        Considered::new(kind, Outcome::Silent, why).kept_by(part)
    };
    told.saying(rule.verdict)
}

fn of_override(one: &Override, facts: &Facts) -> Considered {
    let (outcome, why) = if one.covers(facts) {
        (Outcome::Spoke, one.because())
    } else if !one.is_live(facts.at) {
        (Outcome::Silent, "it had ended".to_owned())
    } else if one.action.covers(&facts.action.name) {
        (
            Outcome::Silent,
            format!("it is for the agent {}", one.agent),
        )
    } else {
        (
            Outcome::Silent,
            format!(
                "{} does not cover {}",
                one.action.as_str(),
                facts.action.name
            ),
        )
    };
    let name = Some(one.action.as_str().to_owned());
    Considered::new("override", outcome, why)
        .of(one.id.uuid(), name)
        .saying(one.says())
}

fn no_risk(facts: &Facts) -> Considered {
    let score = facts.risk.score.get();
    let why = facts.target.risk_threshold.map_or_else(
        || format!("risk {score:.2}; the target has no threshold"),
        |threshold| format!("risk {score:.2} is under the threshold {threshold:.2}"),
    );
    Considered::new("risk", Outcome::Silent, why)
}

fn no_budget(facts: &Facts) -> Considered {
    let why = if facts.budget.is_some() {
        "no cap is reached"
    } else {
        "no budget applies"
    };
    Considered::new("budget", Outcome::Silent, why)
}

fn no_taint(facts: &Facts) -> Considered {
    let why = if facts.tainted && facts.action.effect == Effect::Read {
        "the turn has read untrusted content, and this only reads"
    } else {
        "the turn has read no untrusted content"
    };
    Considered::new("taint", Outcome::Silent, why)
}

/// The rules in their order, up to the first that ends the search, and the rest.
fn ordered(policy: &PolicySet, view: &View<'_>, considered: &mut Vec<Considered>) {
    let mut ended_by: Option<&Rule> = None;
    for rule in &policy.rules {
        let told = if let Some(ending) = ended_by {
            let why = format!("rule {} spoke before it", ending.name);
            Considered::new("rule", Outcome::NotReached, why).saying(rule.verdict)
        } else {
            of_rule(Speaker::Rule(rule.id), rule, view)
        };
        if told.outcome == Outcome::Spoke && rule.matcher.judge_view(view) == Match::Yes {
            ended_by = Some(rule);
        }
        considered.push(told.of(rule.id.uuid(), Some(rule.name.to_string())));
    }
}

fn of_standing(standing: &StandingApproval, facts: &Facts, decision: &Decision) -> Considered {
    let strictest = decision.made_by().verdict;
    let (outcome, why) = if decision.satisfied_by == Some(standing.id) {
        (Outcome::Spoke, "it answers the ask".to_owned())
    } else if strictest != Verdict::Ask {
        (
            Outcome::Silent,
            format!("it only answers an ask, and the verdict is {strictest}"),
        )
    } else if standing.profile != facts.target.profile {
        (
            Outcome::Silent,
            "it is for another target or profile".to_owned(),
        )
    } else if standing.action != facts.action.name {
        (Outcome::Silent, format!("it is for {}", standing.action))
    } else if standing.uses_left == 0 {
        (Outcome::Silent, "it is used up".to_owned())
    } else if standing.expires_at <= facts.at {
        (
            Outcome::Silent,
            format!("it ended at {}", standing.expires_at),
        )
    } else if decision.terms.quorum.unwrap_or(1) > 1 {
        (
            Outcome::Silent,
            "more than one operator is asked for".to_owned(),
        )
    } else if let Some(part) = standing.constraint.why_not(facts) {
        (
            Outcome::Silent,
            format!("{part} of its constraint is not what this is"),
        )
    } else if standing.payload.is_some() {
        (
            Outcome::Silent,
            "it is for one exact payload, which facts do not hold".to_owned(),
        )
    } else {
        (
            Outcome::Silent,
            "another one answers, or what was found in this was not in what was approved"
                .to_owned(),
        )
    };
    let name = Some(standing.action.clone());
    Considered::new("standing_approval", outcome, why)
        .of(standing.id.uuid(), name)
        .saying(Verdict::Allow)
}

#[cfg(test)]
pub(super) mod tests;
