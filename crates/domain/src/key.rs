//! Keys: bearer credentials of agents and integrations.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AgentId, KeyId, OperatorId},
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
    /// SHA-256 of the secret.
    #[serde(skip)]
    pub hash: [u8; 32],
    /// The first characters of the secret, to tell keys apart.
    pub prefix: String,
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
}
