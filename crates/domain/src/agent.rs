//! Agents: named principals that ask.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{id::AgentId, name::Name, time::Timestamp};

/// Free marks that operators put on things; `apply --prune` removes by them.
pub type Labels = BTreeMap<String, String>;

/// A named principal that asks. It holds no right by itself: grants give those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its name, unique.
    pub name: Name,
    /// What it is for, in an operator's words.
    pub description: String,
    /// Marks.
    pub labels: Labels,
    /// Counts changes.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
}
