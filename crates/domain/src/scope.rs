//! What a credential may do: permissions, the roles of operators and the scopes of keys.
//!
//! A principal may do what its role *and* its key's scopes both permit. The table that says which route needs which permission is
//! the server's; what a role or scope stands for is decided here, in one place.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::verdict::UnknownWord;

/// One kind of thing that can be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Permission {
    /// Ask for an action.
    RequestCreate,
    /// Read requests: an agent its own, an operator all.
    RequestRead,
    /// Approve, deny, cancel, settle. Never an agent's.
    RequestDecide,
    /// Read agents, targets, grants, rules, keys, settings.
    ConfigRead,
    /// Change them.
    ConfigWrite,
    /// Make and revoke keys that belong to agents.
    KeyManage,
    /// Read, verify and export the ledger.
    AuditRead,
    /// Prune the ledger under a checkpoint.
    AuditPrune,
    /// Stop and release agents, targets, everything.
    Kill,
    /// Make operators, their tokens and their keys; end others' sessions.
    OperatorManage,
    /// Change the vault's passphrase.
    VaultManage,
    /// Read metrics.
    MetricsRead,
    /// Make, change and remove webhooks, and look at their deliveries.
    WebhookManage,
    /// Read policy lists.
    PolicyRead,
    /// Make, change and remove policy lists.
    PolicyWrite,
    /// Make and remove overrides.
    OverrideManage,
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(u32::MAX);

    const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < list.len() {
            bits |= 1 << list[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Whether the set holds the permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either set holds.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What kind of operator a human is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Also decides on requests and pulls the kill switch.
    Approver,
    /// Everything.
    Owner,
}

impl Role {
    /// The word of the glossary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Approver => "approver",
            Self::Owner => "owner",
        }
    }

    /// What the role permits.
    pub const fn permissions(self) -> Permissions {
        use Permission as P;
        match self {
            Self::Viewer => Permissions::of(&[
                P::RequestRead,
                P::ConfigRead,
                P::AuditRead,
                P::MetricsRead,
                P::PolicyRead,
            ]),
            Self::Approver => Permissions::of(&[
                P::RequestRead,
                P::ConfigRead,
                P::AuditRead,
                P::MetricsRead,
                P::RequestCreate,
                P::RequestDecide,
                P::Kill,
                P::PolicyRead,
            ]),
            Self::Owner => Permissions::ALL,
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "approver" => Ok(Self::Approver),
            "owner" => Ok(Self::Owner),
            _ => Err(UnknownWord {
                what: "role",
                expected: "owner, approver, viewer",
            }),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a key was given. `admin` configures but does not decide: deciding is given on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Configure everything; no deciding.
    #[serde(rename = "admin")]
    Admin,
    /// Ask for actions and carry out what was approved.
    #[serde(rename = "request:create")]
    RequestCreate,
    /// Read requests.
    #[serde(rename = "request:read")]
    RequestRead,
    /// Approve and deny.
    #[serde(rename = "request:decide")]
    RequestDecide,
    /// Read the ledger.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Make and revoke agents' keys.
    #[serde(rename = "key:manage")]
    KeyManage,
    /// Read metrics.
    #[serde(rename = "metrics:read")]
    MetricsRead,
    /// Make, change and remove webhooks, and look at their deliveries.
    #[serde(rename = "webhook:manage")]
    WebhookManage,
    /// Read policy lists.
    #[serde(rename = "policy:read")]
    PolicyRead,
    /// Make, change and remove policy lists.
    #[serde(rename = "policy:write")]
    PolicyWrite,
    /// Make and remove overrides.
    #[serde(rename = "override:manage")]
    OverrideManage,
}

impl Scope {
    /// All of them, for help texts and schemas.
    pub const EVERY: [Self; 11] = [
        Self::Admin,
        Self::RequestCreate,
        Self::RequestRead,
        Self::RequestDecide,
        Self::AuditRead,
        Self::KeyManage,
        Self::MetricsRead,
        Self::WebhookManage,
        Self::PolicyRead,
        Self::PolicyWrite,
        Self::OverrideManage,
    ];

    /// The scope as written in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::RequestCreate => "request:create",
            Self::RequestRead => "request:read",
            Self::RequestDecide => "request:decide",
            Self::AuditRead => "audit:read",
            Self::KeyManage => "key:manage",
            Self::MetricsRead => "metrics:read",
            Self::WebhookManage => "webhook:manage",
            Self::PolicyRead => "policy:read",
            Self::PolicyWrite => "policy:write",
            Self::OverrideManage => "override:manage",
        }
    }

    /// What the scope permits.
    pub const fn permissions(self) -> Permissions {
        use Permission as P;
        match self {
            Self::Admin => Permissions::of(&[
                P::RequestCreate,
                P::RequestRead,
                P::ConfigRead,
                P::ConfigWrite,
                P::KeyManage,
                P::AuditRead,
                P::AuditPrune,
                P::Kill,
                P::OperatorManage,
                P::VaultManage,
                P::MetricsRead,
                P::WebhookManage,
                P::PolicyRead,
                P::PolicyWrite,
                P::OverrideManage,
            ]),
            Self::RequestCreate => Permissions::of(&[P::RequestCreate, P::RequestRead]),
            Self::RequestRead => Permissions::of(&[P::RequestRead]),
            Self::RequestDecide => Permissions::of(&[P::RequestRead, P::RequestDecide]),
            Self::AuditRead => Permissions::of(&[P::AuditRead]),
            Self::KeyManage => Permissions::of(&[P::ConfigRead, P::KeyManage]),
            Self::MetricsRead => Permissions::of(&[P::MetricsRead]),
            Self::WebhookManage => Permissions::of(&[P::WebhookManage]),
            Self::PolicyRead => Permissions::of(&[P::PolicyRead]),
            Self::PolicyWrite => Permissions::of(&[P::PolicyRead, P::PolicyWrite]),
            Self::OverrideManage => Permissions::of(&[P::OverrideManage]),
        }
    }

    /// What a key with these scopes permits; with no scope, nothing.
    pub fn union(scopes: &[Self]) -> Permissions {
        scopes.iter().fold(Permissions::NONE, |sum, scope| {
            sum.union(scope.permissions())
        })
    }
}

impl FromStr for Scope {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::EVERY.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownWord {
            what: "scope",
            expected: "admin, request:create, request:read, request:decide, audit:read, key:manage, metrics:read, webhook:manage, policy:read, policy:write, override:manage",
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
