//! What an action does to the world, and when its record must be on disk.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::verdict::UnknownWord;

/// What carrying out an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes something that can be changed back.
    Write,
    /// Loses something.
    Destructive,
    /// Sends something out.
    Egress,
}

impl Effect {
    /// The word of the glossary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
            Self::Egress => "egress",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Effect {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            "destructive" => Ok(Self::Destructive),
            "egress" => Ok(Self::Egress),
            _ => Err(UnknownWord {
                what: "effect",
                expected: "read, write, destructive, egress",
            }),
        }
    }
}

/// When an action's audit entries must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurabilityClass {
    /// Intent before the first byte upstream, outcome before the last byte of the reply.
    Strict,
    /// One entry before the first byte of a short reply; intent and outcome for a long one.
    Read,
    /// Queued before dispatch, on disk at most 50 ms later.
    Metered,
}

impl DurabilityClass {
    /// The word of the glossary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Read => "read",
            Self::Metered => "metered",
        }
    }

    /// The class that an effect has unless the action's definition says otherwise.
    pub const fn of(effect: Effect) -> Self {
        match effect {
            Effect::Read => Self::Read,
            Effect::Write | Effect::Destructive | Effect::Egress => Self::Strict,
        }
    }
}

impl FromStr for DurabilityClass {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "strict" => Ok(Self::Strict),
            "read" => Ok(Self::Read),
            "metered" => Ok(Self::Metered),
            _ => Err(UnknownWord {
                what: "durability class",
                expected: "strict, read, metered",
            }),
        }
    }
}
