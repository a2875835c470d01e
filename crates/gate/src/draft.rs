//! What a face hands to the pipeline.

use bytes::Bytes;
use countersign_domain::{Name, Urgency};
use serde_json::Value;

/// Where an action is meant to go.
#[derive(Debug, Clone)]
pub enum Route {
    /// A target by name or id, and an action by its name.
    Named {
        /// The target's name or id.
        target: String,
        /// The profile's name; the target's default where it is not given.
        profile: Option<Name>,
        /// The action: `POST /charges`.
        action: String,
    },
    /// A URL below some target that the agent has a grant on.
    Url {
        /// The HTTP method.
        method: String,
        /// The whole URL.
        url: String,
    },
}

/// An action as a face describes it: nothing in it is trusted.
#[derive(Debug, Clone)]
pub struct ActionDraft {
    /// The agent that an operator asks for; must be absent when an agent asks.
    pub agent: Option<String>,
    /// Where it goes.
    pub route: Route,
    /// The input as sent. For HTTP: `query` (string or object; only with a named route) and `headers` (object of strings).
    pub input: Value,
    /// The body as sent.
    pub body: Bytes,
    /// Why, in the agent's words. At most 500 characters.
    pub intent: String,
    /// How soon.
    pub urgency: Urgency,
    /// One to 255 visible ASCII characters, scoped to the principal.
    pub idempotency_key: Option<String>,
}
