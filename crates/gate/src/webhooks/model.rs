//! What operators write about webhooks.

use std::sync::Arc;

use countersign_domain::{SignatureStyle, Subscription, Webhook};
use countersign_vault::SecretString;
use serde::Deserialize;

/// How many webhooks there can be: each may have several deliveries on their way at once.
pub const WEBHOOK_LIMIT: usize = 100;

/// A webhook to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it may hold a secret")]
pub struct WebhookDraft {
    /// Where to.
    pub url: String,
    /// What it is told; at least one.
    pub events: Vec<Subscription>,
    /// Its secret; a new one where it is left out.
    #[serde(default)]
    pub secret: Option<SecretString>,
    /// How the compatible signature is written.
    #[serde(default)]
    pub signature_style: SignatureStyle,
    /// Whether `request.created` carries decision links of the operator who adds it.
    #[serde(default)]
    pub links: bool,
    /// Whether anything is sent.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

const fn yes() -> bool {
    true
}

/// A change of a webhook: what is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookChange {
    /// Where to. What is still to be sent goes there, too.
    pub url: Option<String>,
    /// What it is told, all of it.
    pub events: Option<Vec<Subscription>>,
    /// How the compatible signature is written.
    pub signature_style: Option<SignatureStyle>,
    /// Whether `request.created` carries decision links of the operator who says so.
    pub links: Option<bool>,
    /// Whether anything is sent.
    pub enabled: Option<bool>,
    /// What it is for.
    pub description: Option<String>,
}

impl WebhookChange {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A webhook with its secret, the only time that it is shown.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Arc<Webhook>,
    /// Its secret.
    pub secret: SecretString,
}
