//! One link of the ledger, and the bytes that are hashed.
//!
//! An entry is small and fixed: bodies lie in evidence, encrypted and deletable; the entry holds only salted commitments to them, so
//! that deleting a body never breaks the chain. This module defines what an entry says and its canonical bytes; hashing, chaining
//! and signing are `vault`'s, giving a position is the store's sealer's.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{EntryId, RequestId},
    time::Timestamp,
    verdict::Verdict,
};

/// The version of [`AuditEntry::canonical`]; the first byte of every encoding.
pub const CANONICAL_VERSION: u8 = 1;

/// The longest kind, rule, outcome or subject in bytes. Longer text is cut by [`AuditEntry::bounded`].
pub const TEXT_LIMIT_BYTES: usize = 256;

/// A salted hash that commits to a body in evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commitment(pub [u8; 32]);

/// One thing that happened, before it has a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The entry's own id.
    pub id: EntryId,
    /// When it was made.
    pub at: Timestamp,
    /// Dotted name of the event: `action.intent`, `action.outcome`, `approval.decided`, `config.agent.created`, `signin.failed` ...
    pub kind: String,
    /// Who did it.
    pub actor: Actor,
    /// The request it belongs to, if any.
    pub request: Option<RequestId>,
    /// The noun it is about, as `noun:id` or `noun:name`: a target, an agent, a grant.
    pub subject: Option<String>,
    /// The verdict, where one was reached.
    pub verdict: Option<Verdict>,
    /// The speaker or rule that made the verdict.
    pub rule: Option<String>,
    /// The policy set's version (the configuration epoch) that decided.
    pub policy_version: Option<u64>,
    /// How it ended: `succeeded`, `failed`, `unknown`, `http_503` ...
    pub outcome: Option<String>,
    /// Commitment to the input body.
    pub input: Option<Commitment>,
    /// Commitment to the output body.
    pub output: Option<Commitment>,
    /// Commitment to the facts.
    pub facts: Option<Commitment>,
}

impl AuditEntry {
    /// An entry with nothing but who, what and when.
    pub fn new(id: EntryId, at: Timestamp, actor: Actor, kind: impl Into<String>) -> Self {
        Self {
            id,
            at,
            kind: kind.into(),
            actor,
            request: None,
            subject: None,
            verdict: None,
            rule: None,
            policy_version: None,
            outcome: None,
            input: None,
            output: None,
            facts: None,
        }
    }

    /// The same entry with every text cut to [`TEXT_LIMIT_BYTES`] at a character border.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        fn cut(text: &mut String) {
            if text.len() > TEXT_LIMIT_BYTES {
                text.truncate(text.floor_char_boundary(TEXT_LIMIT_BYTES));
            }
        }
        cut(&mut self.kind);
        for text in [&mut self.subject, &mut self.rule, &mut self.outcome]
            .into_iter()
            .flatten()
        {
            cut(text);
        }
        self
    }

    /// Appends the canonical bytes: the version, then every field in the order of the struct. Fixed-size fields stand as they are,
    /// texts behind a big-endian 32-bit length, optional fields behind a byte 0 (absent) or 1 (present). Two entries are equal
    /// exactly when their bytes are: no field can be moved into its neighbour.
    pub fn canonical(&self, bytes: &mut Vec<u8>) {
        fn text(bytes: &mut Vec<u8>, value: &str) {
            bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        fn optional<T>(bytes: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
            match value {
                None => bytes.push(0),
                Some(value) => {
                    bytes.push(1);
                    write(bytes, value);
                }
            }
        }
        bytes.push(CANONICAL_VERSION);
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.at.as_micros().to_be_bytes());
        text(bytes, &self.kind);
        text(bytes, self.actor.kind());
        optional(bytes, self.actor.uuid(), |bytes, uuid| {
            bytes.extend_from_slice(uuid.as_bytes());
        });
        optional(bytes, self.request, |bytes, id| {
            bytes.extend_from_slice(id.as_bytes());
        });
        optional(bytes, self.subject.as_deref(), text);
        optional(bytes, self.verdict, |bytes, verdict| {
            text(bytes, verdict.as_str());
        });
        optional(bytes, self.rule.as_deref(), text);
        optional(bytes, self.policy_version, |bytes, version| {
            bytes.extend_from_slice(&version.to_be_bytes());
        });
        optional(bytes, self.outcome.as_deref(), text);
        for commitment in [self.input, self.output, self.facts] {
            optional(bytes, commitment, |bytes, commitment| {
                bytes.extend_from_slice(&commitment.0);
            });
        }
    }
}

/// An entry with its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEntry {
    /// Gapless, from 0. Also the event id of live views, webhooks and cursors.
    pub position: u64,
    /// What happened.
    pub entry: AuditEntry,
    /// Keyed hash of the canonical bytes, made by the process that wrote the entry.
    pub mac: [u8; 32],
    /// The chain's value after this entry.
    pub chain: [u8; 32],
}
