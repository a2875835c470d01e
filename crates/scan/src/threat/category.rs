//! What kind of attack, and where the text came from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Kind of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreatCategory {
    /// Orders to the model that override those of its operator.
    PromptInjection,
    /// Talks the model out of its limits.
    Jailbreak,
    /// Gets secrets, instructions or private data out.
    Exfiltration,
    /// Makes a program run commands or code of the attacker.
    CommandInjection,
    /// Pressure, authority or feelings to get rights, secrets or money.
    SocialEngineering,
}

impl ThreatCategory {
    /// All of them, in the order of the model's outputs.
    pub const ALL: [Self; 5] = [
        Self::PromptInjection,
        Self::Jailbreak,
        Self::Exfiltration,
        Self::CommandInjection,
        Self::SocialEngineering,
    ];

    /// Its name in rules, rows and facts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PromptInjection => "prompt_injection",
            Self::Jailbreak => "jailbreak",
            Self::Exfiltration => "exfiltration",
            Self::CommandInjection => "command_injection",
            Self::SocialEngineering => "social_engineering",
        }
    }

    /// Its name for an operator.
    pub fn words(self) -> &'static str {
        match self {
            Self::PromptInjection => "prompt injection",
            Self::Jailbreak => "jailbreak",
            Self::Exfiltration => "data exfiltration",
            Self::CommandInjection => "command injection",
            Self::SocialEngineering => "social engineering",
        }
    }
}

impl fmt::Display for ThreatCategory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for ThreatCategory {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == text)
            .ok_or(())
    }
}

/// Where a text came from.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A person's message to an agent.
    #[default]
    User,
    /// What a tool, an MCP server, a web page or a webhook returned.
    ToolOutput,
}

impl Channel {
    /// Its name in rows and facts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ToolOutput => "tool_output",
        }
    }
}

impl FromStr for Channel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "user" => Ok(Self::User),
            "tool_output" => Ok(Self::ToolOutput),
            _ => Err(()),
        }
    }
}
