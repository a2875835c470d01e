//! Facts: all that a decision may look at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    effect::Effect,
    id::{AgentId, ProfileId, TargetId},
    name::Name,
    risk::Risk,
    scope::Permissions,
    time::Timestamp,
    verdict::UnknownWord,
};

/// How soon the agent wants an answer. It chooses this itself: a rule that only looks here proves nothing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Whenever.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Soon.
    High,
    /// Now.
    Critical,
}

impl Urgency {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::str::FromStr for Urgency {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "low" => Ok(Self::Low),
            "normal" => Ok(Self::Normal),
            "high" => Ok(Self::High),
            "critical" => Ok(Self::Critical),
            _ => Err(UnknownWord {
                what: "urgency",
                expected: "low, normal, high, critical",
            }),
        }
    }
}

/// Something a scan found in a text field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind: `prompt_injection`, `secret` ...
    pub category: String,
    /// Where, as a path into the input or a channel name.
    pub place: String,
    /// What it asks for: the verdict that the threshold in force gives it.
    pub verdict: crate::verdict::Verdict,
    /// Why, in words for an operator.
    pub reason: String,
}

/// Something that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFact {
    /// The detecting rule's id: `stripe-key` ...
    pub kind: String,
    /// Where, as [`Finding::place`] says it.
    pub place: String,
}

/// What the scan of an agent's text came to, for rules to match.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanFacts {
    /// The highest score at or over the threshold to warn at, 0 to 1 in thousandths; 0 where there is none.
    pub threat_score: f64,
    /// The kind of threat that has it: `prompt_injection` ...
    pub threat_category: Option<String>,
    /// What looks like a secret of somebody else. The gateway's own credentials are never in an agent's text.
    pub secrets: Vec<SecretFact>,
    /// The parts that were too long to be looked at whole: `body` ...
    pub truncated: Vec<String>,
}

impl ScanFacts {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFacts {
    /// The agent's id.
    pub id: AgentId,
    /// The agent's name.
    pub name: Name,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionFacts {
    /// The connector.
    pub connector: String,
    /// The action's name.
    pub name: String,
    /// What it does.
    pub effect: Effect,
}

/// On what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetFacts {
    /// The target's id.
    pub id: TargetId,
    /// The target's name.
    pub name: Name,
    /// The profile.
    pub profile: ProfileId,
    /// At or over this risk a human is asked.
    pub risk_threshold: Option<f64>,
}

/// What is left of a budget, as far as a decision may look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFacts {
    /// Whether a blocking cap is reached.
    pub exhausted: bool,
    /// The caps that matter here, in words.
    pub reason: String,
}

/// The field of an input that lists, as dotted paths, what its connector could not read: `["body"]`. Absent where all was read.
pub const UNREADABLE: &str = "unreadable";

/// All that a decision may look at. Stored as evidence with the request, so that every decision can be recomputed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Who asks.
    pub agent: AgentFacts,
    /// What for.
    pub action: ActionFacts,
    /// On what.
    pub target: TargetFacts,
    /// The action's input: for HTTP `method`, `path`, `query`, `headers` and `body` where it is JSON or a form. See [`UNREADABLE`].
    pub input: Value,
    /// What the agent said around the action, where its face lets it. Untrusted, as the intent is.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub context: Value,
    /// How soon.
    pub urgency: Urgency,
    /// Why, in the agent's words. Untrusted.
    pub intent: String,
    /// How risky.
    pub risk: Risk,
    /// Whether the asking turn has read untrusted content.
    pub tainted: bool,
    /// What scans found.
    pub findings: Vec<Finding>,
    /// The same for rules.
    #[serde(default, skip_serializing_if = "ScanFacts::is_empty")]
    pub scan: ScanFacts,
    /// What money says; `None` where no budget applies.
    pub budget: Option<BudgetFacts>,
    /// When the decision is made.
    pub at: Timestamp,
    /// What the credential that asks may do.
    #[serde(skip)]
    pub permissions: Permissions,
}

impl Facts {
    /// The dotted paths of the input that the connector could not read: see [`UNREADABLE`].
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.input
            .get(UNREADABLE)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}
