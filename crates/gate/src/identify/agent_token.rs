//! Tokens by which an agent proves who it is for an hour: derived from its secret's key, kept nowhere.
//!
//! A token is the key's id (16 bytes), its end in seconds since 1970 (4 bytes) and the first 12 bytes of a keyed hash over both, the agent
//! and the hash of the secret, under a key of the vault that nothing else uses.
//!
//! Invariants: making one writes no key and raises no epoch; it acts as its key, within its key's rate limit, and dies with the key, with
//! the key's secret and with the agent; none is made for a token.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_domain::{AgentId, Key, KeyId, KeyOwner, Timestamp};
use countersign_vault::{SecretString, Vault, constant_time_equal};

use crate::snapshot::Snapshot;

/// What secrets of agents, and these tokens, begin with.
pub(crate) const PREFIX: &str = "ags_";

const MICROS: i64 = 1_000_000;

fn tag(vault: &Vault, agent: AgentId, key: &Key, end: [u8; 4]) -> [u8; 12] {
    let mut bytes = Vec::with_capacity(96);
    bytes.extend_from_slice(b"agent token 1\0");
    bytes.extend_from_slice(agent.as_bytes());
    bytes.extend_from_slice(key.id.as_bytes());
    bytes.extend_from_slice(&end);
    bytes.extend_from_slice(&key.hash);
    let whole = vault.mac_for("agent tokens").mac(&bytes);
    let mut tag = [0; 12];
    tag.copy_from_slice(&whole[..12]);
    tag
}

/// A token of this key's agent; `None` for the key of an operator.
pub(crate) fn derive(vault: &Vault, key: &Key, ends_at: Timestamp) -> Option<SecretString> {
    let KeyOwner::Agent(agent) = key.owner else {
        return None;
    };
    let end = u32::try_from(ends_at.as_micros() / MICROS).ok()?;
    let end = end.to_be_bytes();
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(key.id.as_bytes());
    bytes[16..20].copy_from_slice(&end);
    bytes[20..].copy_from_slice(&tag(vault, agent, key, end));
    let mut text = PREFIX.to_owned();
    URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
    Some(SecretString::new(text))
}

/// The key that a token was derived from, with the token's end; `None` for what is no token of a key that is known. Whether it still
/// works is the caller's question.
pub(crate) fn key_of(vault: &Vault, snapshot: &Snapshot, text: &str) -> Option<Arc<Key>> {
    let encoded = text.strip_prefix(PREFIX)?;
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(encoded).ok()?.try_into().ok()?;
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let (end, presented) = rest.split_first_chunk::<4>()?;
    let key = snapshot.keys.get(KeyId::from_bytes(*id))?;
    let KeyOwner::Agent(agent) = key.owner else {
        return None;
    };
    if !constant_time_equal(&tag(vault, agent, &key, *end), presented) {
        return None;
    }
    let ends_at = Timestamp::from_micros(i64::from(u32::from_be_bytes(*end)) * MICROS);
    Some(Arc::new(until((*key).clone(), Some(ends_at))))
}

/// The key with an end that is no later than this.
pub(crate) fn until(key: Key, ends_at: Option<Timestamp>) -> Key {
    let expires_at = match (key.expires_at, ends_at) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    Key { expires_at, ..key }
}
