//! What every use case carries: who asks, from where, and when.

use std::sync::Arc;

use countersign_domain::{
    Actor, Agent, AgentId, Key, Operator, Permission, Permissions, Scope, SessionId, TargetId,
    Timestamp,
};

use crate::error::{Error, Result};

/// How an operator proved who they are.
#[derive(Debug, Clone)]
pub enum Via {
    /// A session of a browser or terminal, last proved at the given time.
    Session {
        /// The session.
        id: SessionId,
        /// When the operator last typed a credential.
        proved_at: Timestamp,
        /// Whether it is a terminal's: changing and deciding then need fresh proof. New ways in need it from a browser too.
        is_terminal: bool,
    },
    /// A key of the operator.
    Key(Arc<Key>),
    /// A decision link: good for one request only.
    Link,
}

/// Who asks. Made by [`crate::Gate`]'s identification, never from what a client writes.
#[derive(Debug, Clone)]
pub enum Principal {
    /// An agent, by one of its keys.
    Agent {
        /// Who.
        agent: Arc<Agent>,
        /// By which key.
        key: Arc<Key>,
    },
    /// An operator.
    Operator {
        /// Who.
        operator: Arc<Operator>,
        /// How.
        via: Via,
    },
    /// The gateway itself: timers and recovery.
    System,
}

impl Principal {
    /// Who it is in the ledger.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Agent { agent, .. } => Actor::Agent(agent.id),
            Self::Operator { operator, .. } => Actor::Operator(operator.id),
            Self::System => Actor::System,
        }
    }

    /// The key in use, if it is a key.
    pub fn key(&self) -> Option<&Arc<Key>> {
        match self {
            Self::Agent { key, .. }
            | Self::Operator {
                via: Via::Key(key), ..
            } => Some(key),
            _ => None,
        }
    }

    /// Whether what this agent asks on this target is for whoever this is, as far as a key's bounds say. An agent's own requests are a
    /// matter of the agent, not of bounds.
    pub fn admits(&self, agent: AgentId, target: TargetId) -> bool {
        self.key()
            .is_none_or(|key| key.bounds.admits(agent, target))
    }

    /// Who that is, in a sentence.
    const fn words(&self) -> &'static str {
        match self {
            Self::Agent { .. } => "an agent",
            Self::Operator {
                via: Via::Key(_), ..
            } => "this operator's key",
            Self::Operator { via: Via::Link, .. } => "this operator's link",
            Self::Operator {
                via: Via::Session { .. },
                ..
            } => "this operator",
            Self::System => "the gateway",
        }
    }

    /// What it may do: what its role and its key's scopes both permit. An agent never decides and never configures.
    pub fn permissions(&self) -> Permissions {
        match self {
            Self::Agent { key, .. } => Scope::union(&key.scopes)
                .intersection(Scope::union(&[Scope::RequestCreate, Scope::RequestRead])),
            Self::Operator {
                operator,
                via: Via::Key(key),
            } => operator
                .role
                .permissions()
                .intersection(Scope::union(&key.scopes)),
            Self::Operator {
                operator,
                via: Via::Session { .. },
            } => operator.role.permissions(),
            Self::Operator {
                operator,
                via: Via::Link,
            } => operator
                .role
                .permissions()
                .intersection(Scope::union(&[Scope::RequestRead, Scope::RequestDecide])),
            Self::System => Permissions::ALL,
        }
    }
}

/// One operation: who asks, from where, when. The first parameter of every use case.
#[derive(Debug, Clone)]
pub struct OpCx {
    /// Who asks.
    pub principal: Principal,
    /// The peer's address as the listener saw it, or a trusted proxy's word.
    pub source: Arc<str>,
    /// When it came in.
    pub now: Timestamp,
}

impl OpCx {
    /// Refuses whoever lacks the permission.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.principal.permissions().contains(permission) {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "{} may not {}: ask an owner for a role, or a key with a scope, that permits it",
            self.principal.words(),
            words_of(permission)
        )))
    }
}

impl OpCx {
    /// Refuses a key that is bound to an agent or to targets, where what is answered or done is about more than single requests.
    ///
    /// # Errors
    /// `forbidden`.
    pub(crate) fn require_unbounded(&self) -> Result<()> {
        if self
            .principal
            .key()
            .is_none_or(|key| key.bounds.is_unbounded())
        {
            return Ok(());
        }
        let text = "this key is bound to an agent or to targets, and this is about more than their requests";
        Err(Error::forbidden(text))
    }
}

/// What a permission lets somebody do, in words.
const fn words_of(permission: Permission) -> &'static str {
    match permission {
        Permission::RequestCreate => "ask for actions",
        Permission::RequestRead => "read requests",
        Permission::RequestDecide => "decide on requests",
        Permission::ConfigRead => "read the configuration",
        Permission::ConfigWrite => "change the configuration",
        Permission::KeyManage => "make and revoke keys",
        Permission::AuditRead => "read the ledger",
        Permission::AuditPrune => "prune the ledger",
        Permission::Kill => "pull or release the kill switch",
        Permission::OperatorManage => "manage operators",
        Permission::VaultManage => "change the vault's passphrase",
        Permission::MetricsRead => "read metrics",
        Permission::WebhookManage => "manage webhooks",
        Permission::PolicyRead => "read policy lists",
        Permission::PolicyWrite => "change policy lists",
        Permission::OverrideManage => "make and remove overrides",
    }
}
