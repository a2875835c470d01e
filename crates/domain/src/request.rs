//! Requests and their states.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    effect::{DurabilityClass, Effect},
    facts::Urgency,
    id::{AgentId, InstanceId, KeyId, ProfileId, RequestId, TargetId},
    risk::RiskScore,
    time::Timestamp,
    verdict::{UnknownWord, Verdict},
};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Read, not yet decided. Never stored.
    Received,
    /// A human is asked.
    Pending,
    /// It may run.
    Approved,
    /// It may not.
    Denied,
    /// It is running, or was when its gateway died.
    Executing,
    /// It ran and the target said yes.
    Succeeded,
    /// It ran and the target said no, or could not be reached before anything was sent.
    Failed,
    /// It may or may not have taken effect: a human has to find out. Never run again.
    Unknown,
    /// Nobody decided, or nobody carried it out, in time.
    Expired,
    /// What was approved is no longer what would run.
    Stale,
    /// It was approved and may no longer run.
    Revoked,
    /// The one who asked, or an operator, took it back.
    Cancelled,
}

/// What moves a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestEvent {
    /// The decision was `allow`.
    Allowed,
    /// The decision was `ask`.
    Asked,
    /// The decision, or a human, said no.
    Denied,
    /// Humans said yes.
    Approved,
    /// A deadline passed.
    Expired,
    /// Revalidation found that what was seen has changed.
    WentStale,
    /// Revalidation or a kill switch said no to what had been approved.
    Revoked,
    /// It was taken back.
    Cancelled,
    /// The permit was taken.
    Permitted,
    /// A kill reached the execution before the first byte went out.
    KilledUnsent,
    /// The target said yes.
    Succeeded,
    /// The target said no, or nothing was sent.
    Failed,
    /// The outcome can't be known.
    Lost,
    /// A human found that it took effect.
    FoundSucceeded,
    /// A human found that it did not.
    FoundFailed,
}

/// A move that the state machine does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {from} can't become what {event:?} would make it")]
pub struct InvalidTransition {
    /// Where it stands.
    pub from: RequestState,
    /// What was tried.
    pub event: RequestEvent,
}

impl RequestState {
    /// Every state, for tests and schemas.
    pub const EVERY: [Self; 12] = [
        Self::Received,
        Self::Pending,
        Self::Approved,
        Self::Denied,
        Self::Executing,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
        Self::Expired,
        Self::Stale,
        Self::Revoked,
        Self::Cancelled,
    ];

    /// Where the event leads. The only place that says so; the store's compare-and-set carries it out.
    ///
    /// # Errors
    /// [`InvalidTransition`] for every pair that is not listed.
    pub fn after(self, event: RequestEvent) -> Result<Self, InvalidTransition> {
        use RequestEvent as E;
        use RequestState as S;
        match (self, event) {
            (S::Received, E::Allowed) | (S::Pending, E::Approved) => Ok(S::Approved),
            (S::Received, E::Asked) => Ok(S::Pending),
            (S::Received | S::Pending, E::Denied) => Ok(S::Denied),
            (S::Pending | S::Approved, E::Expired) => Ok(S::Expired),
            (S::Pending | S::Approved, E::WentStale) => Ok(S::Stale),
            (S::Pending | S::Approved, E::Cancelled) => Ok(S::Cancelled),
            (S::Approved, E::Revoked) | (S::Executing, E::KilledUnsent) => Ok(S::Revoked),
            (S::Approved, E::Permitted) => Ok(S::Executing),
            (S::Executing, E::Succeeded) | (S::Unknown, E::FoundSucceeded) => Ok(S::Succeeded),
            (S::Executing, E::Failed) | (S::Unknown, E::FoundFailed) => Ok(S::Failed),
            (S::Executing, E::Lost) => Ok(S::Unknown),
            (from, event) => Err(InvalidTransition { from, event }),
        }
    }

    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Executing => "executing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Stale => "stale",
            Self::Revoked => "revoked",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing but a human's finding can still move it.
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Received | Self::Pending | Self::Approved | Self::Executing
        )
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for RequestState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::EVERY.into_iter().find(|state| state.as_str() == text).ok_or(UnknownWord {
            what: "state",
            expected: "pending, approved, denied, executing, succeeded, failed, unknown, expired, stale, revoked, cancelled",
        })
    }
}

/// Who carries an approved action out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorKind {
    /// The gate, through the target's connector.
    Gate,
    /// The one who asked: the request is an approval only, and `approved` is its end.
    Caller,
}

/// SHA-256 of the canonical payload, or of all that an approver saw.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Digest {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let wrong = UnknownWord {
            what: "SHA-256",
            expected: "64 hexadecimal digits",
        };
        let mut digest = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let nibble = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default();
            *byte = u8::try_from(nibble(pair[0]) * 16 + nibble(pair[1])).unwrap_or_default();
        }
        Ok(Self(digest))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One ask by one agent for one action. What it wants to do in full lies sealed beside it; this is what lists show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Its id: the one public id of everything that follows.
    pub id: RequestId,
    /// Who asks.
    pub agent: AgentId,
    /// By which credential: an agent's key, or an operator on an agent's behalf.
    pub asked_by: Actor,
    /// The key that was used, if one was.
    pub key: Option<KeyId>,
    /// On what.
    pub target: TargetId,
    /// With which credential and limits.
    pub profile: ProfileId,
    /// The action's name.
    pub action: String,
    /// What it does.
    pub effect: Effect,
    /// When its entries must be on disk.
    pub durability: DurabilityClass,
    /// Who carries it out.
    pub executor: ExecutorKind,
    /// How soon.
    pub urgency: Urgency,
    /// Where it stands.
    pub state: RequestState,
    /// What the decision said.
    pub verdict: Verdict,
    /// Who made the decision: see [`crate::Decision::rule_label`].
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// The policy set's version that decided.
    pub policy_version: u64,
    /// How risky.
    pub risk: RiskScore,
    /// What would run.
    pub payload_hash: Digest,
    /// What the approver saw.
    pub context_hash: Digest,
    /// When it came.
    pub created_at: Timestamp,
    /// Until when it can be decided, while pending; until when it can be carried out, once approved.
    pub deadline: Option<Timestamp>,
    /// When it reached its present state.
    pub changed_at: Timestamp,
    /// The instance that carries it out.
    pub instance: Option<InstanceId>,
    /// How it ended, in a word: `http_201`, `connect_failed`, `killed` ...
    pub outcome: Option<String>,
}

#[cfg(test)]
mod tests;
