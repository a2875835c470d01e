//! Who did it.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AgentId, KeyId, OperatorId};

/// Who is behind an operation, as the ledger names it. Derived from the credential, never from what a client writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// An agent by one of its keys.
    Agent(AgentId),
    /// A human who signed in.
    Operator(OperatorId),
    /// An integration's key that belongs to no agent.
    Key(KeyId),
    /// The gateway itself: timers, start, recovery.
    System,
    /// Somebody who did not prove who they are.
    Anonymous,
}

impl Actor {
    /// The kind as stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Operator(_) => "operator",
            Self::Key(_) => "key",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }

    /// The id as stored; `None` for those without one.
    pub const fn uuid(&self) -> Option<Uuid> {
        match self {
            Self::Agent(id) => Some(id.uuid()),
            Self::Operator(id) => Some(id.uuid()),
            Self::Key(id) => Some(id.uuid()),
            Self::System | Self::Anonymous => None,
        }
    }

    /// The actor that a stored kind and id name; `None` for a pair that was never written.
    pub fn from_parts(kind: &str, uuid: Option<Uuid>) -> Option<Self> {
        match (kind, uuid) {
            ("agent", Some(uuid)) => Some(Self::Agent(AgentId::new(uuid))),
            ("operator", Some(uuid)) => Some(Self::Operator(OperatorId::new(uuid))),
            ("key", Some(uuid)) => Some(Self::Key(KeyId::new(uuid))),
            ("system", None) => Some(Self::System),
            ("anonymous", None) => Some(Self::Anonymous),
            _ => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uuid() {
            Some(uuid) => write!(formatter, "{}:{uuid}", self.kind()),
            None => formatter.write_str(self.kind()),
        }
    }
}
