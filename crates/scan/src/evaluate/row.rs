//! The rows of a corpus: one JSON object per line.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::threat::{Channel, ThreatCategory};

/// Whether a row is an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// It is one.
    Attack,
    /// It is harmless.
    Benign,
}

/// One labelled text. Further fields of a line are allowed and not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its id, unique in its corpus.
    pub id: String,
    /// The text.
    pub text: String,
    /// Whether it is an attack.
    pub label: Label,
    /// The kind of attack (as in [`ThreatCategory`]) or of harmless text.
    #[serde(default)]
    pub category: String,
    /// Where the text came from.
    #[serde(default)]
    pub channel: Channel,
    /// How explicit an attack is: `core`, `hard`, `payload`, `noisy`; empty if not said.
    #[serde(default)]
    pub tier: String,
    /// The project that it is from; empty if not said.
    #[serde(default)]
    pub source_repo: String,
    /// Its licence; empty if not said.
    #[serde(default)]
    pub licence: String,
}

impl Row {
    /// The kind of attack, if it is one that the scanner knows.
    pub fn threat(&self) -> Option<ThreatCategory> {
        self.category.parse().ok()
    }
}

/// Why a corpus is refused.
#[derive(Debug, Error)]
#[error(
    "line {line} of the corpus is not a row: {problem}; a row needs `id`, `text` and `label` (attack or benign)"
)]
pub struct RowError {
    /// The line, from 1.
    pub line: usize,
    /// What the reader said.
    pub problem: String,
}

/// Reads a corpus; empty lines don't count.
///
/// # Errors
///
/// At the first line that is not a row.
pub fn rows(text: &str) -> Result<Vec<Row>, RowError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| RowError {
                line: index + 1,
                problem: error.to_string(),
            })
        })
        .collect()
}
