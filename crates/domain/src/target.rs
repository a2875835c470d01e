//! Targets, profiles and credentials: what can be touched, and with which secret.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    actor::Actor,
    agent::Labels,
    id::{CredentialId, ProfileId, TargetId},
    name::Name,
    time::Timestamp,
};

/// Bounds of one call to a target. Everything from outside is bounded; an owner may set each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetLimits {
    /// The longest request body in bytes.
    pub request_bytes: u64,
    /// The longest streamed response body in bytes.
    pub response_bytes: u64,
    /// The longest response body in bytes that is kept, for a result that is fetched later.
    pub kept_response_bytes: u64,
    /// The longest header block in bytes, either way.
    pub header_bytes: u32,
    /// The longest wait for the first byte of the response, in milliseconds.
    pub first_byte_millis: u64,
    /// The longest whole call, in milliseconds.
    pub total_millis: u64,
    /// Whether what looks like a secret is taken out of replies before the agent gets them. Replies are then read whole, up to
    /// `kept_response_bytes`, before any of them is passed on.
    pub redact_secrets: bool,
}

impl Default for TargetLimits {
    fn default() -> Self {
        Self {
            request_bytes: 10 << 20,
            response_bytes: 100 << 20,
            kept_response_bytes: 10 << 20,
            header_bytes: 64 << 10,
            first_byte_millis: 30_000,
            total_millis: 300_000,
            redact_secrets: false,
        }
    }
}

/// One configured system reached through a connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// Its name, unique.
    pub name: Name,
    /// The connector that speaks to it: `http` ...
    pub connector: String,
    /// What the connector needs to reach it, by the connector's schema; never a secret.
    pub config: Value,
    /// Whether loopback and private addresses are open for this target. Only an owner sets it; never metadata addresses.
    pub allow_private_network: bool,
    /// Bounds of one call.
    pub limits: TargetLimits,
    /// At or over this risk a human is asked; `None`: risk is silent.
    pub risk_threshold: Option<f64>,
    /// Marks.
    pub labels: Labels,
    /// Counts changes of what an approver saw: connector, config, network permission.
    pub revision: u64,
    /// Counts all changes.
    pub changes: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The name of the profile that every target has from its start.
pub const DEFAULT_PROFILE: &str = "default";

/// Target + credential + limits: what a grant is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// The target it belongs to.
    pub target: TargetId,
    /// Its name, unique within the target.
    pub name: Name,
    /// Connector-specific bounds (one container, one schema, one key prefix).
    pub limits: Value,
    /// Counts changes of the limits.
    pub revision: u64,
}

/// How a credential is put into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialType {
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// `Authorization: Basic <username:password>`.
    Basic,
    /// A key in a named header.
    ApiKeyHeader,
    /// A key in a named query parameter.
    ApiKeyQuery,
    /// Any number of named headers.
    Headers,
}

impl CredentialType {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::ApiKeyHeader => "api_key_header",
            Self::ApiKeyQuery => "api_key_query",
            Self::Headers => "headers",
        }
    }
}

impl std::str::FromStr for CredentialType {
    type Err = crate::verdict::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "bearer" => Ok(Self::Bearer),
            "basic" => Ok(Self::Basic),
            "api_key_header" => Ok(Self::ApiKeyHeader),
            "api_key_query" => Ok(Self::ApiKeyQuery),
            "headers" => Ok(Self::Headers),
            _ => Err(crate::verdict::UnknownWord {
                what: "credential type",
                expected: "bearer, basic, api_key_header, api_key_query, headers",
            }),
        }
    }
}

/// A secret in the vault, as everybody but an execution sees it: the ciphertext and what may be shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The profile it belongs to. A profile has at most one.
    pub profile: ProfileId,
    /// How it is put into a request.
    pub kind: CredentialType,
    /// Names that are not secret: the header or query parameter (comma separated for several), the user name.
    pub shown_as: String,
    /// The sealed JSON object of its fields.
    pub sealed: Vec<u8>,
    /// Counts replacements by an operator: part of what an approver saw. A token refresh does not count.
    pub operator_revision: u64,
    /// When an operator last set it.
    pub set_at: Timestamp,
    /// Who did; `None` where it was set before this was noted.
    pub set_by: Option<Actor>,
}
