//! Keys: bearer credentials of agents and integrations.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AgentId, KeyId, OperatorId, TargetId},
    name::Name,
    scope::Scope,
    time::Timestamp,
};

/// Whose key it is: the principal that it acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum KeyOwner {
    /// An agent's: it never decides, whatever its scopes say.
    Agent(AgentId),
    /// An operator's: it acts as the operator, bounded by its scopes.
    Operator(OperatorId),
}

/// What the requests are that a key is for. Without bounds: all that its owner may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBounds {
    /// Only those of this agent.
    pub agent: Option<AgentId>,
    /// Only those on these targets; empty is all of them. A target that is gone admits nothing, and does not widen the rest.
    pub targets: Vec<TargetId>,
}

impl KeyBounds {
    /// Whether it is for all requests.
    pub fn is_unbounded(&self) -> bool {
        self.agent.is_none() && self.targets.is_empty()
    }

    /// Whether it is for what this agent asks.
    pub fn admits_agent(&self, agent: AgentId) -> bool {
        self.agent.is_none_or(|bound| bound == agent)
    }

    /// Whether it is for what is asked on this target.
    pub fn admits_target(&self, target: TargetId) -> bool {
        self.targets.is_empty() || self.targets.contains(&target)
    }

    /// Whether it is for what this agent asks on this target.
    pub fn admits(&self, agent: AgentId, target: TargetId) -> bool {
        self.admits_agent(agent) && self.admits_target(target)
    }
}

/// The secret that a key had before it was rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiringSecret {
    /// SHA-256 of it.
    #[serde(skip)]
    pub hash: [u8; 32],
    /// Its first characters.
    pub prefix: String,
    /// From when on it no longer works.
    pub until: Timestamp,
}

/// A bearer credential. The secret itself is stored as a hash and shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub name: Name,
    /// Whom it acts as.
    pub owner: KeyOwner,
    /// What it may do, of what its owner may.
    pub scopes: Vec<Scope>,
    /// Which requests it is for.
    #[serde(default)]
    pub bounds: KeyBounds,
    /// SHA-256 of the secret.
    #[serde(skip)]
    pub hash: [u8; 32],
    /// The first characters of the secret, to tell keys apart.
    pub prefix: String,
    /// The secret before, after a rotation.
    #[serde(default)]
    pub retiring: Option<RetiringSecret>,
    /// Requests a minute; `None` is unlimited.
    pub rate_limit_per_minute: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody stopped it.
    pub revoked_at: Option<Timestamp>,
}

impl Key {
    /// Whether the key works at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// The key as whoever still presents its old secret has it: the same in everything, and with an earlier end. `None` where it has
    /// no old secret.
    #[must_use]
    pub fn as_retiring(&self) -> Option<Self> {
        let retiring = self.retiring.as_ref()?;
        Some(Self {
            hash: retiring.hash,
            prefix: retiring.prefix.clone(),
            expires_at: Some(
                self.expires_at
                    .map_or(retiring.until, |expiry| expiry.min(retiring.until)),
            ),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests;
