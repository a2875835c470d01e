//! Standing approvals: an `ask` that a human has answered in advance.

use serde::{Deserialize, Serialize};

use crate::{
    facts::Facts,
    id::{AgentId, OperatorId, ProfileId, RequestId, StandingApprovalId},
    request::Digest,
    rule::RuleMatch,
    time::Timestamp,
};

/// Agent + action + constraint on the payload + expiry + uses; made only from an approval. Satisfies an `ask`, never a `deny`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandingApproval {
    /// Its id.
    pub id: StandingApprovalId,
    /// The approval that it was made from.
    pub from: RequestId,
    /// Who made it.
    pub by: OperatorId,
    /// For whom.
    pub agent: AgentId,
    /// On what.
    pub profile: ProfileId,
    /// For exactly this action, with this constraint on the input.
    pub action: String,
    /// What must hold of the input.
    pub constraint: RuleMatch,
    /// The very payload, where nothing else is said of it: then only a repetition is answered.
    pub payload: Option<Digest>,
    /// What the approver saw besides the payload: target and connection, profile, credential, what the action does. Another is another.
    pub bound: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; there is no standing approval without an end.
    pub expires_at: Timestamp,
    /// How many uses it was made with.
    pub uses: u32,
    /// How many uses are left. The permit's transaction takes one.
    pub uses_left: u32,
}

impl StandingApproval {
    /// Whether it answers this ask, as far as facts say: what it is bound to (`payload`, `bound`) is the gate's to compare.
    pub fn satisfies(&self, facts: &Facts) -> bool {
        self.uses_left > 0
            && facts.at < self.expires_at
            && self.agent == facts.agent.id
            && self.profile == facts.target.profile
            && self.action == facts.action.name
            && self.constraint.matches(facts)
    }
}
