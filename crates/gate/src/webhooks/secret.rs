//! The secrets that webhooks are signed with: made, checked, sealed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_domain::{Timestamp, Webhook, WebhookId};
use countersign_vault::{Place, SecretBytes, SecretString, Vault, random_bytes};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The fewest characters of a secret that somebody brings along.
pub const SECRET_LEAST_CHARACTERS: usize = 32;
const MOST_CHARACTERS: usize = 256;

/// What stands before the key in a secret of Standard Webhooks.
pub(super) const PREFIX: &str = "whsec_";

/// A new secret: 32 random bytes in the form of Standard Webhooks.
pub(super) fn new_secret() -> SecretString {
    let key = Zeroizing::new(random_bytes::<32>());
    let mut text = String::with_capacity(64);
    text.push_str(PREFIX);
    STANDARD.encode_string(key.as_slice(), &mut text);
    SecretString::new(text)
}

/// Refuses a secret that is too short, or that two readers could read as two.
pub(super) fn check(secret: &SecretString) -> Result<()> {
    let text = secret.expose();
    let characters = text.chars().count();
    if !(SECRET_LEAST_CHARACTERS..=MOST_CHARACTERS).contains(&characters) {
        return Err(Error::invalid(
            "secret",
            format!(
                "a secret has {SECRET_LEAST_CHARACTERS} to {MOST_CHARACTERS} characters: leave it out to have one made"
            ),
        ));
    }
    if text.chars().any(|character| !character.is_ascii_graphic()) {
        return Err(Error::invalid(
            "secret",
            "a secret has letters, digits and signs of ASCII only, without white space",
        ));
    }
    if let Some(encoded) = text.strip_prefix(PREFIX)
        && STANDARD.decode(encoded).is_err()
    {
        return Err(Error::invalid(
            "secret",
            "a secret that begins with whsec_ goes on in base64",
        ));
    }
    Ok(())
}

fn place(id: &WebhookId) -> Place<'_> {
    Place {
        table: "webhook",
        column: "sealed_secret",
        row: id.as_bytes(),
        version: 1,
    }
}

pub(super) fn seal(vault: &Vault, id: WebhookId, secret: &SecretString) -> Vec<u8> {
    vault.seal(&place(&id), secret.expose().as_bytes())
}

/// The secrets that sign now: the present one, and the one before it while both are good.
///
/// # Errors
/// `internal` when one was changed or moved.
pub(super) fn open(vault: &Vault, webhook: &Webhook, now: Timestamp) -> Result<Vec<SecretBytes>> {
    let previous = webhook
        .sealed_previous
        .as_deref()
        .filter(|_| webhook.previous_until.is_some_and(|until| now < until));
    std::iter::once(webhook.sealed_secret.as_slice())
        .chain(previous)
        .map(|sealed| {
            vault
                .open(&place(&webhook.id), sealed)
                .map_err(Error::internal)
        })
        .collect()
}
