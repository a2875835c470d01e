//! Grants: who may ask for what, and what answers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    action::{ActionPattern, ParsedAction},
    agent::Labels,
    id::{AgentId, GrantId, ProfileId, TargetId},
    time::Timestamp,
    verdict::{UnknownWord, Verdict},
};

/// What a grant says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantVerdict {
    /// It may.
    Allow,
    /// It may, after a human said so.
    Ask,
    /// It may not.
    Deny,
    /// The rules say; where none speaks, `allow` for reads and `ask` for the rest.
    ByPolicy,
}

impl GrantVerdict {
    /// The word of the glossary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
            Self::ByPolicy => "by_policy",
        }
    }
}

impl From<Verdict> for GrantVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Allow,
            Verdict::Ask => Self::Ask,
            Verdict::Deny => Self::Deny,
        }
    }
}

impl fmt::Display for GrantVerdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for GrantVerdict {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "by_policy" => Ok(Self::ByPolicy),
            _ => text
                .parse::<Verdict>()
                .map(Self::from)
                .map_err(|_| UnknownWord {
                    what: "grant verdict",
                    expected: "allow, ask, deny, by_policy",
                }),
        }
    }
}

/// Agent × profile × action pattern → verdict. No grant means deny.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who.
    pub agent: AgentId,
    /// On what. Kept beside the profile so that a lookup needs no second table.
    pub target: TargetId,
    /// With which credential and limits.
    pub profile: ProfileId,
    /// Which actions.
    pub action: ActionPattern,
    /// What answers.
    pub verdict: GrantVerdict,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Marks.
    pub labels: Labels,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Grant {
    /// Whether the grant is about this action now.
    pub fn covers(&self, profile: ProfileId, action: &str, now: Timestamp) -> bool {
        self.covers_parsed(profile, &ParsedAction::of(action), now)
    }

    pub(crate) fn covers_parsed(
        &self,
        profile: ProfileId,
        action: &ParsedAction<'_>,
        now: Timestamp,
    ) -> bool {
        self.profile == profile
            && self.expires_at.is_none_or(|expiry| now < expiry)
            && self.action.covers(action)
    }
}
