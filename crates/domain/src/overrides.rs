//! Overrides: what one agent may not do for a while, or not without being asked about.
//!
//! Invariants: an override only makes stricter; the agent that it names need not exist, and it counts from the moment that there is
//! one of that name.

use serde::{Deserialize, Serialize};

use crate::{facts::Facts, id::OverrideId, rule::Glob, time::Timestamp, verdict::Verdict};

/// Agent × actions → `ask` or `deny`, until it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Override {
    /// Its id.
    pub id: OverrideId,
    /// The agent's name or id; `*` for every agent.
    pub agent: String,
    /// Which actions, by their whole name.
    pub action: Glob,
    /// `ask` or `deny`. Anything else counts as `deny`.
    pub verdict: Verdict,
    /// Why, in an operator's words; may be empty.
    pub reason: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Override {
    /// The name that stands for every agent.
    pub const EVERY_AGENT: &str = "*";

    /// What it says.
    pub const fn says(&self) -> Verdict {
        match self.verdict {
            Verdict::Ask => Verdict::Ask,
            Verdict::Allow | Verdict::Deny => Verdict::Deny,
        }
    }

    /// Whether it still counts.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// Whether it is about the facts.
    pub fn covers(&self, facts: &Facts) -> bool {
        let names = self.agent == Self::EVERY_AGENT
            || self.agent == facts.agent.name.as_str()
            || self.agent == facts.agent.id.to_string();
        names && self.is_live(facts.at) && self.action.covers(&facts.action.name)
    }

    /// Why, for whoever reads a decision.
    pub fn because(&self) -> String {
        let reason = if self.reason.is_empty() {
            "no reason given"
        } else {
            &self.reason
        };
        match self.says() {
            Verdict::Ask => format!("Override active: {reason}"),
            Verdict::Allow | Verdict::Deny => format!("Denied by override: {reason}"),
        }
    }
}
