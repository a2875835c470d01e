//! How a delivery proves where it comes from.
//!
//! Two signatures, both HMAC-SHA256. `X-AgentGate-Signature` is over the body alone, under the secret as it is written: what existing
//! receivers check; it does not tell a replay from the first time. Standard Webhooks (`webhook-id`, `webhook-timestamp`,
//! `webhook-signature`, <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>) is over id, time and
//! body, under the bytes behind `whsec_`; a secret of another form is its own bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_domain::{DeliveryId, SignatureStyle, Timestamp};
use countersign_vault::{MacKey, SecretBytes};

use super::secret::PREFIX;

/// The header fields of a delivery. `secrets` has the present one first; each of the others signs beside it.
pub(super) fn headers(
    id: DeliveryId,
    at: Timestamp,
    body: &[u8],
    style: SignatureStyle,
    secrets: &[SecretBytes],
) -> Vec<(&'static str, String)> {
    let id = id.to_string();
    let seconds = at.as_micros().div_euclid(1_000_000).to_string();
    let mut headers = Vec::with_capacity(5);
    if let Some(secret) = secrets.first() {
        let hash = hexadecimal(&MacKey::of_secret(secret).mac(body));
        let value = match style {
            SignatureStyle::Hex => hash,
            SignatureStyle::Prefixed => format!("sha256={hash}"),
        };
        headers.push(("x-agentgate-signature", value));
    }
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| standard(secret, &id, &seconds, body))
        .collect();
    headers.push(("webhook-id", id));
    headers.push(("webhook-timestamp", seconds));
    headers.push(("webhook-signature", signatures.join(" ")));
    headers.push(("content-type", "application/json".to_owned()));
    headers
}

/// `v1,` and the signature of Standard Webhooks.
pub(super) fn standard(secret: &SecretBytes, id: &str, seconds: &str, body: &[u8]) -> String {
    let decoded = std::str::from_utf8(secret.expose())
        .ok()
        .and_then(|text| text.strip_prefix(PREFIX))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .map(SecretBytes::new);
    let key = MacKey::of_secret(decoded.as_ref().unwrap_or(secret));
    let mut signed = Vec::with_capacity(id.len() + seconds.len() + 2 + body.len());
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        signed.extend_from_slice(part);
    }
    format!("v1,{}", STANDARD.encode(key.mac(&signed)))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
