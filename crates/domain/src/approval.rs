//! The human side of a request.

use serde::{Deserialize, Serialize};

use crate::{
    id::{OperatorId, RequestId},
    time::Timestamp,
};

/// What a human said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteKind {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

impl VoteKind {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// One human's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// On which request.
    pub request: RequestId,
    /// Whose: derived from the credential.
    pub operator: OperatorId,
    /// What.
    pub kind: VoteKind,
    /// Why, in the operator's words.
    pub note: String,
    /// Whether the same operator asked: recorded, and never counted towards a quorum above one.
    pub is_self_approved: bool,
    /// Whose seat it was cast from, where it is another's: see [`crate::Delegation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<OperatorId>,
    /// Whom the client said that it decides for. Unverified, and never counted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Vote {
    /// The operator whose seat it counts for.
    pub fn seat(&self) -> OperatorId {
        self.on_behalf_of.unwrap_or(self.operator)
    }
}

/// What the votes so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Not enough yet.
    Open {
        /// How many more approvals are needed.
        missing: u32,
    },
    /// Enough said yes.
    Approved,
    /// Somebody said no.
    Denied,
}

/// Counts distinct seats. One `deny` ends it; a self-approval counts only where one vote is enough.
pub fn tally(quorum: u32, votes: &[Vote]) -> Tally {
    if votes.iter().any(|vote| vote.kind == VoteKind::Deny) {
        return Tally::Denied;
    }
    let mut voters: Vec<OperatorId> = votes
        .iter()
        .filter(|vote| quorum <= 1 || !vote.is_self_approved)
        .map(Vote::seat)
        .collect();
    voters.sort_unstable();
    voters.dedup();
    let missing = quorum
        .max(1)
        .saturating_sub(u32::try_from(voters.len()).unwrap_or(u32::MAX));
    if missing == 0 {
        Tally::Approved
    } else {
        Tally::Open { missing }
    }
}

#[cfg(test)]
mod tests;
