//! What a decision says.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The answer to "may it?". Ordered by strictness: the strictest of several speakers wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It runs.
    Allow,
    /// A human is asked.
    Ask,
    /// It does not run, and nothing can make it.
    Deny,
}

impl Verdict {
    /// The word of the glossary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A word that is not in the list it was looked up in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}: expected one of {expected}")]
pub struct UnknownWord {
    /// What the word should have named.
    pub what: &'static str,
    /// The words that exist.
    pub expected: &'static str,
}

impl FromStr for Verdict {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "allow" => Ok(Self::Allow),
            "ask" => Ok(Self::Ask),
            "deny" => Ok(Self::Deny),
            _ => Err(UnknownWord {
                what: "verdict",
                expected: "allow, ask, deny",
            }),
        }
    }
}
