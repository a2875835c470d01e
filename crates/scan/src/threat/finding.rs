//! What a scan says.

use serde::{Deserialize, Serialize};

use super::category::ThreatCategory;

/// A part of the original text: byte offsets on character borders, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// Why a text was found suspicious, in words for an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's id, or `wording` or `disguise` for what the model and the normaliser saw.
    pub rule: String,
    /// What it means.
    pub words: String,
}

/// What a scan of a text found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Calibrated probability that the text is an attack, 0 to 1.
    pub score: f32,
    /// The likeliest kind of attack; says nothing when the score is low.
    pub category: ThreatCategory,
    /// Where: sorted, without overlaps. Empty when the score is low.
    pub spans: Vec<Span>,
    /// Why: the weightiest first. Empty when the score is low.
    pub reasons: Vec<Reason>,
}

/// What a score is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Below both thresholds.
    Clear,
    /// At or above `warn`.
    Warn,
    /// At or above `block`.
    Block,
}

/// From which scores on to warn and to block; per agent and channel, if an operator sets them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Warn at this score and above.
    pub warn: f32,
    /// Block at this score and above.
    pub block: f32,
}

impl Thresholds {
    /// What a finding is worth.
    pub fn severity(&self, finding: &Finding) -> Severity {
        if finding.score >= self.block {
            Severity::Block
        } else if finding.score >= self.warn {
            Severity::Warn
        } else {
            Severity::Clear
        }
    }
}
