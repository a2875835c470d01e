//! Webhooks out: who is told of what happens to requests.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    actor::Actor,
    id::{OperatorId, WebhookId},
    request::RequestState,
    time::Timestamp,
    verdict::UnknownWord,
};

/// Something that happens to a request and that receivers are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebhookEvent {
    /// It waits for a human, or was decided by the policy without running.
    Created,
    /// A human or the policy said yes.
    Approved,
    /// A human or the policy said no.
    Denied,
    /// Either of the two, beside the event of its own.
    Decided,
    /// Nobody decided, or nobody carried it out, in time.
    Expired,
    /// No event: an operator tries a receiver.
    Test,
}

impl WebhookEvent {
    /// Those that can be subscribed to.
    pub const EVERY: [Self; 5] = [
        Self::Created,
        Self::Approved,
        Self::Denied,
        Self::Decided,
        Self::Expired,
    ];

    /// The word that is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "request.created",
            Self::Approved => "request.approved",
            Self::Denied => "request.denied",
            Self::Decided => "request.decided",
            Self::Expired => "request.expired",
            Self::Test => "test",
        }
    }

    /// What a request that is written for the first time in this state tells. What was allowed and runs at once tells nothing: nobody
    /// is asked and nobody waits.
    pub const fn of_new(state: RequestState) -> &'static [Self] {
        match state {
            RequestState::Pending => &[Self::Created],
            RequestState::Approved => &[Self::Created, Self::Approved, Self::Decided],
            RequestState::Denied => &[Self::Created, Self::Denied, Self::Decided],
            _ => &[],
        }
    }

    /// What a move to this state tells.
    pub const fn of_move(to: RequestState) -> &'static [Self] {
        match to {
            RequestState::Approved => &[Self::Approved, Self::Decided],
            RequestState::Denied => &[Self::Denied, Self::Decided],
            RequestState::Expired => &[Self::Expired],
            _ => &[],
        }
    }
}

impl FromStr for WebhookEvent {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::EVERY
            .into_iter()
            .chain([Self::Test])
            .find(|event| event.as_str() == text)
            .ok_or(UnknownWord {
                what: "event",
                expected: EVENTS,
            })
    }
}

impl fmt::Display for WebhookEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

const EVENTS: &str =
    "*, request.created, request.approved, request.denied, request.decided, request.expired";

/// What a webhook subscribes to: one event, or `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscription {
    /// `*`: every event, also those of later versions.
    Every,
    /// One.
    To(WebhookEvent),
}

impl Subscription {
    /// Whether the event is among it. A test is: it is sent to one receiver on purpose.
    pub fn covers(self, event: WebhookEvent) -> bool {
        self == Self::Every || self == Self::To(event) || event == WebhookEvent::Test
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Every => "*",
            Self::To(event) => event.as_str(),
        }
    }
}

impl FromStr for Subscription {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "*" => Ok(Self::Every),
            "test" => Err(UnknownWord {
                what: "event",
                expected: EVENTS,
            }),
            other => other.parse().map(Self::To),
        }
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Subscription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// How `X-AgentGate-Signature` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureStyle {
    /// The hash alone, in hexadecimal.
    #[default]
    Hex,
    /// `sha256=` before it.
    Prefixed,
}

impl SignatureStyle {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Prefixed => "prefixed",
        }
    }
}

impl FromStr for SignatureStyle {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "hex" => Ok(Self::Hex),
            "prefixed" => Ok(Self::Prefixed),
            _ => Err(UnknownWord {
                what: "signature style",
                expected: "hex, prefixed",
            }),
        }
    }
}

/// A receiver and what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where to. May hold a token of the receiver's: shown to operators, in no log and no entry.
    pub url: String,
    /// What it is told.
    pub events: Vec<Subscription>,
    /// How the compatible signature is written.
    pub signature_style: SignatureStyle,
    /// The operator whose decision links `request.created` carries; `None` where it carries none.
    pub links_for: Option<OperatorId>,
    /// Whether anything is sent. What happens meanwhile is not kept for later.
    pub is_enabled: bool,
    /// What it is for.
    pub description: String,
    /// The sealed secret.
    pub sealed_secret: Vec<u8>,
    /// The sealed secret before the last rotation, while it signs beside the present one.
    pub sealed_previous: Option<Vec<u8>>,
    /// Until when it does.
    pub previous_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Actor,
}

impl Webhook {
    /// Whether it is told of the event.
    pub fn wants(&self, event: WebhookEvent) -> bool {
        self.is_enabled
            && self
                .events
                .iter()
                .any(|subscription| subscription.covers(event))
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It will be sent, or sent again.
    Pending,
    /// The receiver has taken it.
    Success,
    /// Given up: an operator may replay it.
    Failed,
}

impl DeliveryState {
    /// The word of the API and of the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "pending" => Ok(Self::Pending),
            "success" => Ok(Self::Success),
            "failed" => Ok(Self::Failed),
            _ => Err(UnknownWord {
                what: "delivery state",
                expected: "pending, success, failed",
            }),
        }
    }
}

#[cfg(test)]
mod tests;
