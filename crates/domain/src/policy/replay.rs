//! Replay: what another set would have said about facts that were recorded.
//!
//! Pure. Standing approvals take no part on either side: what one operator allowed for a while is no property of a set, so the verdict
//! that a recorded decision had before one answered is what is compared.

use serde::Serialize;

use super::{Decision, PolicySet, Speaker, decide};
use crate::{facts::Facts, rule::Rule, scope::Permissions, verdict::Verdict};

/// What three sets say about the same facts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    /// What was said then.
    pub then: Verdict,
    /// What the set in force says.
    pub now: Verdict,
    /// What the proposed set says.
    pub proposed: Verdict,
    /// Who makes the proposed verdict: `rule:<id>`, `grant:<id>`, `default` ...
    pub made_by: String,
    /// Why, in the words of whoever makes it.
    pub reason: String,
}

impl Replayed {
    /// Whether it would come out otherwise than it did.
    pub fn is_changed(&self) -> bool {
        self.then != self.proposed
    }

    /// Whether the proposal is what changes it: with the set in force it would not come out so.
    pub fn is_by_proposal(&self) -> bool {
        self.now != self.proposed
    }
}

impl Decision {
    /// The verdict before a standing approval answered it.
    pub fn unanswered(&self) -> Verdict {
        self.voices
            .get(self.maker)
            .map_or(self.verdict, |voice| voice.verdict)
    }
}

impl Facts {
    /// The facts of a recorded decision as it looked at them. What the credential may do is not kept with facts: the decision says it.
    #[must_use]
    pub fn as_decided(mut self, decision: &Decision) -> Self {
        let could_not_ask = decision
            .voices
            .iter()
            .any(|voice| voice.speaker == Speaker::KeyScope);
        self.permissions = if could_not_ask {
            Permissions::default()
        } else {
            Permissions::ALL
        };
        self
    }
}

impl PolicySet {
    /// The same set with other rules in the place of some.
    #[must_use]
    pub fn with_rules(&self, rules: Vec<Rule>, is_replaced: impl Fn(&Rule) -> bool) -> Self {
        let kept = self.guards.iter().chain(&self.rules);
        let kept = kept.filter(|rule| !is_replaced(rule)).cloned();
        let all = rules.into_iter().chain(kept).collect();
        let grants = self.grants.values().flatten().cloned().collect();
        Self::new(self.version, grants, all, self.standing.clone())
            .with_overrides(self.overrides.clone())
    }

    /// The same set without standing approvals.
    #[must_use]
    pub fn without_standing(mut self) -> Self {
        self.standing.clear();
        self
    }
}

/// Replays one recorded decision. Both sets have no standing approvals: see [`PolicySet::without_standing`].
pub fn replay(
    now: &PolicySet,
    proposed: &PolicySet,
    recorded: &Decision,
    facts: Facts,
) -> Replayed {
    let facts = facts.as_decided(recorded);
    let decision = decide(proposed, &facts);
    Replayed {
        then: recorded.unanswered(),
        now: decide(now, &facts).unanswered(),
        proposed: decision.unanswered(),
        made_by: decision.rule_label(),
        reason: decision.made_by().reason.clone().into_owned(),
    }
}

#[cfg(test)]
mod tests;
