//! Typed identifiers.
//!
//! Every noun has its own newtype over a UUID, so that a target's id can't be passed where an agent's is expected. On the wire an
//! id is the plain hyphenated UUID: existing clients of proxied approvals parse it as one. The gate mints version 7 (time ordered,
//! so that tables grow at their end); any version is accepted when read.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that is not a UUID where an id was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id: expected a UUID such as 0198c5a0-5d5e-7000-8000-000000000000")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The smallest id that can have been made at or after a point in time: ids of version 7 begin with their time in
            /// milliseconds, so a range of ids is a range of time.
            pub fn earliest_at(at: crate::time::Timestamp) -> Self {
                let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
                let mut bytes = [0; 16];
                bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
                Self(Uuid::from_bytes(bytes))
            }

            /// The UUID behind the id.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The sixteen bytes that stores and canonical encodings use.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Reads sixteen stored bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    )+};
}

ids! {
    /// A named principal that asks.
    AgentId;
    /// A bearer credential of an agent or integration.
    KeyId;
    /// A configured system reached through a connector.
    TargetId;
    /// A target with a credential and limits.
    ProfileId;
    /// A secret in the vault.
    CredentialId;
    /// Agent × profile × action pattern → verdict.
    GrantId;
    /// A rule of the policy.
    RuleId;
    /// Rules that are kept together, in their order.
    PolicyListId;
    /// What one agent may not do for a while.
    OverrideId;
    /// What happens when nobody decides.
    EscalationRuleId;
    /// A satisfied-in-advance `ask`, made from an approval.
    StandingApprovalId;
    /// What an operator wrote on a request.
    CommentId;
    /// One operator's approver seat, lent to another.
    DelegationId;
    /// One ask by one agent for one action: the one public id of everything that follows from it.
    RequestId;
    /// A human who signs in.
    OperatorId;
    /// A signed-in browser or terminal of an operator.
    SessionId;
    /// A link of the audit chain.
    EntryId;
    /// One running gateway process.
    InstanceId;
    /// A receiver that is told of what happens.
    WebhookId;
    /// One notice to one receiver: what a receiver recognises a repetition by.
    DeliveryId;
}
