//! The kill switch.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{AgentId, TargetId},
    time::Timestamp,
};

/// What is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum KillScope {
    /// Everything.
    All,
    /// One agent.
    Agent(AgentId),
    /// Everything on one target.
    Target(TargetId),
}

impl fmt::Display for KillScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Agent(id) => write!(formatter, "agent:{id}"),
            Self::Target(id) => write!(formatter, "target:{id}"),
        }
    }
}

/// One pulled switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kill {
    /// What is stopped.
    pub scope: KillScope,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
}

/// Every switch that is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KillState(HashMap<KillScope, Kill>);

impl KillState {
    /// A state from its switches.
    pub fn new(kills: impl IntoIterator<Item = Kill>) -> Self {
        Self(kills.into_iter().map(|kill| (kill.scope, kill)).collect())
    }

    /// The switch that stops this agent on this target, if one does.
    pub fn stops(&self, agent: AgentId, target: TargetId) -> Option<&Kill> {
        if self.0.is_empty() {
            return None;
        }
        [
            KillScope::All,
            KillScope::Agent(agent),
            KillScope::Target(target),
        ]
        .iter()
        .find_map(|scope| self.0.get(scope))
    }

    /// Every pulled switch, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Kill> {
        self.0.values()
    }
}
