//! The decision: a pure function of the policy set and the facts.
//!
//! The verdict is the strictest of those that speak. Every speaker is heard, also after a deny, so that a trace shows everything
//! that stood in the way and not only the first of it.

mod explain;
mod index;
mod lint;
mod replay;

pub use explain::{Considered, Explanation, Outcome, explain};
pub use lint::{COMPARED_RULES, Warning, WarningCode, lint};
pub use replay::{Replayed, replay};

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize};

use crate::{
    effect::Effect,
    facts::Facts,
    grant::{Grant, GrantVerdict},
    id::{AgentId, GrantId, OverrideId, RuleId, StandingApprovalId},
    overrides::Override,
    rule::{AskTerms, Match, Rule, RuleKind, RuleMode, View},
    scope::Permission,
    standing::StandingApproval,
    verdict::Verdict,
};
use index::RuleIndex;

/// Everything operators have said, at one configuration epoch.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    version: u64,
    grants: HashMap<AgentId, Vec<Grant>>,
    guards: Vec<Rule>,
    guard_index: RuleIndex,
    rules: Vec<Rule>,
    rule_index: RuleIndex,
    standing: Vec<StandingApproval>,
    overrides: Vec<Override>,
}

impl PolicySet {
    /// A set from its parts. `version` is the configuration epoch that the parts were read at.
    pub fn new(
        version: u64,
        grants: Vec<Grant>,
        rules: Vec<Rule>,
        standing: Vec<StandingApproval>,
    ) -> Self {
        let mut by_agent: HashMap<AgentId, Vec<Grant>> = HashMap::new();
        for grant in grants {
            by_agent.entry(grant.agent).or_default().push(grant);
        }
        let (guards, mut ordered): (Vec<_>, Vec<_>) = rules
            .into_iter()
            .partition(|rule| rule.kind == RuleKind::Guard);
        ordered.sort_by(|left, right| {
            left.priority
                .cmp(&right.priority)
                .then_with(|| left.name.cmp(&right.name))
        });
        Self {
            version,
            grants: by_agent,
            guard_index: RuleIndex::of(&guards),
            guards,
            rule_index: RuleIndex::of(&ordered),
            rules: ordered,
            standing,
            overrides: Vec::new(),
        }
    }

    /// The same set with overrides.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Vec<Override>) -> Self {
        self.overrides = overrides;
        self
    }

    /// The configuration epoch of this set: what entries call the policy-set version.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The grants of one agent.
    pub fn grants_of(&self, agent: AgentId) -> &[Grant] {
        self.grants.get(&agent).map_or(&[], Vec::as_slice)
    }
}

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Speaker {
    /// The scopes of the key that asks.
    KeyScope,
    /// No grant covers the action.
    NoGrant,
    /// A grant.
    Grant(GrantId),
    /// A guard rule.
    Guard(RuleId),
    /// An override.
    Override(OverrideId),
    /// A threat or secret that a scan found.
    Threat,
    /// The risk score at or over the threshold.
    Risk,
    /// A budget's cap.
    Budget,
    /// The turn has read untrusted content.
    Taint,
    /// A rule.
    Rule(RuleId),
    /// A `by_policy` grant with no rule that matches.
    Default,
}

impl Speaker {
    /// The word that entries and answers name the maker of a verdict by.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::KeyScope => "key_scope",
            Self::NoGrant => "no_grant",
            Self::Grant(_) => "grant",
            Self::Guard(_) => "guard",
            Self::Override(_) => "override",
            Self::Threat => "threat",
            Self::Risk => "risk",
            Self::Budget => "budget",
            Self::Taint => "taint",
            Self::Rule(_) => "rule",
            Self::Default => "default",
        }
    }
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// By whom.
    pub speaker: Speaker,
    /// What.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: Cow<'static, str>,
}

/// Verdict and the rule that made it, with all that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The strictest of the voices. `Allow` where `satisfied_by` answers the ask.
    pub verdict: Verdict,
    /// Every voice, in the order: key scope, grant, guards, overrides, threat, risk, budget, taint, rules.
    pub voices: Vec<Voice>,
    /// The index in `voices` of the first that said the strictest verdict; a grant that only leaves it to the rules is passed over where
    /// one of them speaks.
    pub maker: usize,
    /// The standing approval that answered the ask.
    pub satisfied_by: Option<StandingApprovalId>,
    /// What the voices that ask ask for, together.
    #[serde(default, skip_serializing_if = "AskTerms::is_empty")]
    pub terms: AskTerms,
    /// What rules in shadow mode would have said. It changed nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<Voice>,
    /// The policy set's version.
    pub policy_version: u64,
}

impl Decision {
    /// The voice that made the verdict.
    pub fn made_by(&self) -> &Voice {
        &self.voices[self.maker]
    }

    /// What entries call the rule: the maker's kind, and its id where it has one; the standing approval where one answered.
    pub fn rule_label(&self) -> String {
        if let Some(standing) = self.satisfied_by {
            return format!("standing:{standing}");
        }
        match self.made_by().speaker {
            Speaker::Grant(id) => format!("grant:{id}"),
            Speaker::Guard(id) => format!("guard:{id}"),
            Speaker::Override(id) => format!("override:{id}"),
            Speaker::Rule(id) => format!("rule:{id}"),
            speaker => speaker.as_str().to_owned(),
        }
    }
}

/// Decides. Pure: the same set and facts give the same decision on every replica and in every replay. Standing approvals of one exact
/// payload answer nothing here, because facts do not say what the payload is: see [`decide_with`].
pub fn decide(policy: &PolicySet, facts: &Facts) -> Decision {
    decide_with(policy, facts, |standing, _| standing.payload.is_none())
}

/// Decides, with the word of the one who knows the payload, the target and the operators on which standing approval may answer an ask
/// under these terms.
pub fn decide_with(
    policy: &PolicySet,
    facts: &Facts,
    may_answer: impl Fn(&StandingApproval, &AskTerms) -> bool,
) -> Decision {
    let view = View::of(facts);
    let mut said = Said::default();
    let by_policy = speak_key_scope_and_grant(policy, &view, &mut said.voices);
    speak_guards(policy, &view, &mut said);
    let voices = &mut said.voices;
    for one in policy.overrides.iter().filter(|one| one.covers(facts)) {
        voices.push(Voice {
            speaker: Speaker::Override(one.id),
            verdict: one.says(),
            reason: Cow::Owned(one.because()),
        });
    }
    for finding in &facts.findings {
        voices.push(Voice {
            speaker: Speaker::Threat,
            verdict: finding.verdict,
            reason: Cow::Owned(finding.reason.clone()),
        });
    }
    if let Some(threshold) = facts.target.risk_threshold
        && facts.risk.score.get() >= threshold
    {
        let reason = format!(
            "risk {:.2} is at or over the threshold {threshold:.2}",
            facts.risk.score.get()
        );
        voices.push(Voice {
            speaker: Speaker::Risk,
            verdict: Verdict::Ask,
            reason: Cow::Owned(reason),
        });
    }
    if let Some(budget) = &facts.budget
        && budget.exhausted
    {
        voices.push(Voice {
            speaker: Speaker::Budget,
            verdict: Verdict::Deny,
            reason: Cow::Owned(budget.reason.clone()),
        });
    }
    if facts.tainted && facts.action.effect != Effect::Read {
        let reason = Cow::Borrowed("the turn that asks has read untrusted content");
        voices.push(Voice {
            speaker: Speaker::Taint,
            verdict: Verdict::Ask,
            reason,
        });
    }
    if !speak_rules(policy, &view, &mut said) && by_policy {
        said.voices.push(default_voice(facts.action.effect));
    }
    conclude(policy, facts, said, may_answer)
}

/// What has been said so far.
struct Said {
    voices: Vec<Voice>,
    shadow: Vec<Voice>,
    terms: AskTerms,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            voices: Vec::with_capacity(4),
            shadow: Vec::new(),
            terms: AskTerms::default(),
        }
    }
}

impl Said {
    /// Takes down what a rule says, if it says something.
    fn hear(&mut self, speaker: Speaker, rule: &Rule, answer: Match<'_>) {
        let Some(voice) = rule_voice(speaker, rule, answer) else {
            return;
        };
        match rule.mode {
            RuleMode::Shadow => self.shadow.push(voice),
            RuleMode::Enforce => {
                if voice.verdict == Verdict::Ask && !rule.ask.is_empty() {
                    self.terms = std::mem::take(&mut self.terms).with(&rule.ask);
                }
                self.voices.push(voice);
            }
        }
    }
}

/// What a `by_policy` grant says.
const LEFT_TO_RULES: &str = "a grant leaves it to the rules";

fn speak_guards(policy: &PolicySet, view: &View<'_>, said: &mut Said) {
    for position in policy.guard_index.candidates(view) {
        let guard = &policy.guards[position as usize];
        let answer = guard.matcher.judge_view(view);
        said.hear(Speaker::Guard(guard.id), guard, answer);
    }
}

/// Says what the key and the grants say; answers whether a `by_policy` grant leaves it to the rules.
fn speak_key_scope_and_grant(policy: &PolicySet, view: &View<'_>, voices: &mut Vec<Voice>) -> bool {
    let facts = view.facts;
    if !facts.permissions.contains(Permission::RequestCreate) {
        let reason = Cow::Borrowed("the key's scopes do not include request:create");
        voices.push(Voice {
            speaker: Speaker::KeyScope,
            verdict: Verdict::Deny,
            reason,
        });
    }
    let mut by_policy = false;
    let mut granted = false;
    let covering = policy
        .grants_of(facts.agent.id)
        .iter()
        .filter(|grant| grant.covers_parsed(facts.target.profile, &view.action, facts.at));
    for grant in covering {
        granted = true;
        let (verdict, reason) = match grant.verdict {
            GrantVerdict::Allow => (Verdict::Allow, "a grant allows it"),
            GrantVerdict::Ask => (Verdict::Ask, "a grant wants a human to be asked"),
            GrantVerdict::Deny => (Verdict::Deny, "a grant denies it"),
            GrantVerdict::ByPolicy => {
                by_policy = true;
                (Verdict::Allow, LEFT_TO_RULES)
            }
        };
        voices.push(Voice {
            speaker: Speaker::Grant(grant.id),
            verdict,
            reason: Cow::Borrowed(reason),
        });
    }
    if !granted {
        let reason = Cow::Borrowed("no grant covers this action for this agent on this target");
        voices.push(Voice {
            speaker: Speaker::NoGrant,
            verdict: Verdict::Deny,
            reason,
        });
    }
    by_policy
}

/// Lets the first rule that matches speak; answers whether there is one.
///
/// SECURITY: a rule that may match speaks as well, and does not end the search: else an agent could hide its input behind a rule that
/// asks, in front of one that denies.
/// A rule in shadow mode ends nothing either.
fn speak_rules(policy: &PolicySet, view: &View<'_>, said: &mut Said) -> bool {
    for position in policy.rule_index.candidates(view) {
        let rule = &policy.rules[position as usize];
        let answer = rule.matcher.judge_view(view);
        said.hear(Speaker::Rule(rule.id), rule, answer);
        if answer == Match::Yes && rule.mode == RuleMode::Enforce {
            return true;
        }
    }
    false
}

/// What a rule says. One that may match counts as matching where it denies or asks, and as not matching where it allows.
fn rule_voice(speaker: Speaker, rule: &Rule, answer: Match<'_>) -> Option<Voice> {
    let unread = match answer {
        Match::No => return None,
        Match::Yes => None,
        Match::Unreadable(_) if rule.verdict == Verdict::Allow => return None,
        Match::Unreadable(path) => Some(path),
    };
    let mut reason = if rule.reason.is_empty() {
        format!("{} {}", rule.kind.as_str(), rule.name)
    } else {
        rule.reason.clone()
    };
    if let Some(path) = unread {
        reason.push_str(" (counts as a match: input.");
        reason.push_str(path);
        reason.push_str(" could not be read)");
    }
    Some(Voice {
        speaker,
        verdict: rule.verdict,
        reason: Cow::Owned(reason),
    })
}

fn default_voice(effect: Effect) -> Voice {
    let (verdict, reason) = match effect {
        Effect::Read => (
            Verdict::Allow,
            "no rule speaks, and reads are allowed by default under by_policy",
        ),
        _ => (
            Verdict::Ask,
            "no rule speaks, and everything but reads asks by default under by_policy",
        ),
    };
    Voice {
        speaker: Speaker::Default,
        verdict,
        reason: Cow::Borrowed(reason),
    }
}

fn conclude(
    policy: &PolicySet,
    facts: &Facts,
    said: Said,
    may_answer: impl Fn(&StandingApproval, &AskTerms) -> bool,
) -> Decision {
    let Said {
        voices,
        shadow,
        terms,
    } = said;
    let mut maker = 0;
    for (index, voice) in voices.iter().enumerate() {
        if voice.verdict > voices[maker].verdict {
            maker = index;
        }
    }
    // What a grant leaves to the rules is made by the rule that speaks, unless another grant allows it anyway.
    let is_left =
        |voice: &Voice| matches!(voice.speaker, Speaker::Grant(_)) && voice.reason == LEFT_TO_RULES;
    if is_left(&voices[maker])
        && let Some(speaking) = voices.iter().position(|voice| {
            voice.verdict == Verdict::Allow
                && match voice.speaker {
                    Speaker::Grant(_) => !is_left(voice),
                    Speaker::Rule(_) | Speaker::Default => true,
                    _ => false,
                }
        })
    {
        maker = speaking;
    }
    // INVARIANT: there is always a voice: either a grant covers the action or `NoGrant` has spoken.
    let strictest = voices[maker].verdict;
    // What was found in this content was not in what the approver looked at, unless it is the same to the byte.
    let is_about_content = voices.iter().any(|voice| {
        voice.verdict == Verdict::Ask && matches!(voice.speaker, Speaker::Threat | Speaker::Taint)
    });
    let satisfied_by = match strictest {
        // What one operator said in advance is never more than one voice.
        Verdict::Ask if terms.quorum.unwrap_or(1) <= 1 => policy
            .standing
            .iter()
            .find(|standing| {
                standing.satisfies(facts)
                    && (standing.payload.is_some() || !is_about_content)
                    && may_answer(standing, &terms)
            })
            .map(|standing| standing.id),
        Verdict::Ask | Verdict::Allow | Verdict::Deny => None,
    };
    let verdict = if satisfied_by.is_some() {
        Verdict::Allow
    } else {
        strictest
    };
    Decision {
        verdict,
        voices,
        maker,
        satisfied_by,
        terms,
        shadow,
        policy_version: policy.version,
    }
}

#[cfg(test)]
pub(crate) mod tests;
