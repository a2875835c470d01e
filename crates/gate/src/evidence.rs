//! The bodies behind an entry: how they are laid out before they are sealed, and what the entry holds of them.
//!
//! Lists and the search open no long evidence: of that a brief is kept beside it, with the intent and the reasons of the risk alone.
//!
//! Layout: a version byte, a 32-byte salt, then sections of `tag (1) || length (4, big-endian) || bytes`. A commitment in the entry is
//! a salted hash of one section's meaning; whoever has the evidence can check it, whoever has only the entry learns nothing.

use std::ops::Range;

use bytes::Bytes;
use countersign_domain::{Commitment, EntryId, Payload, Timestamp};
use countersign_store::{Tx, evidence};
use countersign_vault::{Committer, Place, Vault, commit, random_bytes};
use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    resolve::PayloadHead,
};

const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;

/// Evidence that is longer, sealed, is not opened for lists and the search: its brief is.
pub(crate) const LISTED_BYTES: u32 = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Section {
    Input = 1,
    Body = 2,
    Facts = 3,
    Intent = 4,
    OutputHead = 5,
    Output = 6,
}

/// Evidence that is being put together.
pub(crate) struct EvidenceWriter {
    bytes: Vec<u8>,
    salt: [u8; SALT_BYTES],
    intent: Range<usize>,
    risk_reasons: Vec<String>,
}

/// Evidence as it is kept.
pub(crate) struct Sealed {
    whole: Vec<u8>,
    brief: Option<Vec<u8>>,
}

impl Sealed {
    /// Keeps it for its entry.
    pub(crate) fn write(
        &self,
        tx: &mut Tx<'_>,
        entry: EntryId,
        at: Timestamp,
    ) -> countersign_store::Result<()> {
        evidence::insert(tx, entry, at, &self.whole)?;
        match &self.brief {
            Some(brief) => evidence::insert_brief(tx, entry, brief),
            None => Ok(()),
        }
    }
}

impl EvidenceWriter {
    pub(crate) fn new() -> Self {
        let salt = random_bytes::<SALT_BYTES>();
        let mut bytes = Vec::with_capacity(1024);
        bytes.push(VERSION);
        bytes.extend_from_slice(&salt);
        Self {
            bytes,
            salt,
            intent: 0..0,
            risk_reasons: Vec::new(),
        }
    }

    fn section(&mut self, section: Section, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.push(section as u8);
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let length = u32::try_from(self.bytes.len() - at - 4).unwrap_or(u32::MAX);
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// Adds what would run; the commitment is over the canonical payload, whose head the caller has made already.
    pub(crate) fn payload(&mut self, head: &PayloadHead, payload: &Payload) -> Commitment {
        self.section(Section::Input, |bytes| {
            bytes.extend_from_slice(head.input());
        });
        self.section(Section::Body, |bytes| {
            bytes.extend_from_slice(&payload.body);
        });
        let mut committer = Committer::new(&self.salt, "input");
        committer.update(head.as_bytes()).update(&payload.body);
        committer.finish()
    }

    /// Adds the facts with the decision that was made on them.
    pub(crate) fn facts(&mut self, facts: &impl serde::Serialize) -> Commitment {
        let from = self.bytes.len() + 5;
        // Serialising values of ours into memory can't fail; a failure would show as evidence that can't be read.
        self.section(Section::Facts, |bytes| {
            let _ = serde_json::to_writer(bytes, facts);
        });
        commit(&self.salt, "facts", &self.bytes[from..])
    }

    /// Adds the agent's reason. Why it is as risky as it is stands in the facts, and is kept for a brief.
    pub(crate) fn intent(&mut self, intent: &str, risk_reasons: &[String]) {
        risk_reasons.clone_into(&mut self.risk_reasons);
        let from = self.bytes.len();
        self.section(Section::Intent, |bytes| {
            bytes.extend_from_slice(intent.as_bytes());
        });
        self.intent = from..self.bytes.len();
    }

    /// Starts a commitment to an output that comes in pieces.
    pub(crate) fn output_committer(&self) -> Committer {
        Committer::new(&self.salt, "output")
    }

    /// Adds what was answered, masked: the head and the kept beginning of the body.
    pub(crate) fn output(&mut self, head: &Value, kept: &[u8]) {
        self.section(Section::OutputHead, |bytes| {
            let _ = serde_json::to_writer(bytes, head);
        });
        self.section(Section::Output, |bytes| bytes.extend_from_slice(kept));
    }

    /// The evidence, sealed for its entry.
    pub(crate) fn seal(&self, vault: &Vault, entry: EntryId) -> Sealed {
        let whole = vault.seal(&place(&entry), &self.bytes);
        let needs_brief = whole.len() > LISTED_BYTES as usize && !self.intent.is_empty();
        Sealed {
            brief: needs_brief.then(|| vault.seal(&brief_place(&entry), &self.brief())),
            whole,
        }
    }

    fn brief(&self) -> Vec<u8> {
        let mut brief = Self::new();
        // The facts hold what would run in another form: they are as long.
        let facts = json!({ "facts": { "risk": { "reasons": self.risk_reasons } } });
        brief.section(Section::Facts, |bytes| {
            let _ = serde_json::to_writer(bytes, &facts);
        });
        brief
            .bytes
            .extend_from_slice(&self.bytes[self.intent.clone()]);
        brief.bytes
    }
}

fn brief_place(entry: &EntryId) -> Place<'_> {
    Place {
        table: "evidence_brief",
        ..place(entry)
    }
}

fn place(entry: &EntryId) -> Place<'_> {
    Place {
        table: "evidence",
        column: "sealed",
        row: entry.as_bytes(),
        version: 1,
    }
}

/// Evidence that was opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    pub(crate) payload: Option<Payload>,
    pub(crate) facts: Option<Value>,
    pub(crate) intent: String,
    pub(crate) output_head: Option<Value>,
    pub(crate) output: Option<Bytes>,
}

impl Evidence {
    /// Opens the evidence of an entry.
    ///
    /// # Errors
    /// `internal` when it was changed or moved.
    pub(crate) fn open(vault: &Vault, entry: EntryId, sealed: &[u8]) -> Result<Self> {
        let plain = vault
            .open(&place(&entry), sealed)
            .map_err(Error::internal)?;
        Self::parse(plain.expose()).ok_or_else(|| Error::internal("evidence has an unknown form"))
    }

    /// Opens what a list gets of the evidence of an entry; a brief has the intent and the reasons of the risk alone.
    ///
    /// # Errors
    /// `internal` when it was changed or moved.
    pub(crate) fn open_listed(
        vault: &Vault,
        entry: EntryId,
        listed: &evidence::Listed,
    ) -> Result<Self> {
        let sealed = match listed {
            evidence::Listed::Whole(sealed) => return Self::open(vault, entry, sealed),
            evidence::Listed::Brief(sealed) => sealed,
        };
        let plain = vault
            .open(&brief_place(&entry), sealed)
            .map_err(Error::internal)?;
        Self::parse(plain.expose()).ok_or_else(|| Error::internal("a brief has an unknown form"))
    }

    fn parse(plain: &[u8]) -> Option<Self> {
        let (version, rest) = plain.split_first()?;
        if *version != VERSION {
            return None;
        }
        let mut rest = rest.get(SALT_BYTES..)?;
        let mut evidence = Self::default();
        let (mut input, mut body) = (None, Bytes::new());
        while let Some((tag, tail)) = rest.split_first() {
            let (length, tail) = tail.split_first_chunk::<4>()?;
            let (bytes, tail) =
                tail.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            rest = tail;
            match *tag {
                tag if tag == Section::Input as u8 => {
                    input = Some(serde_json::from_slice(bytes).ok()?);
                }
                tag if tag == Section::Body as u8 => body = Bytes::copy_from_slice(bytes),
                tag if tag == Section::Facts as u8 => {
                    evidence.facts = Some(serde_json::from_slice(bytes).ok()?);
                }
                tag if tag == Section::Intent as u8 => {
                    std::str::from_utf8(bytes)
                        .ok()?
                        .clone_into(&mut evidence.intent);
                }
                tag if tag == Section::OutputHead as u8 => {
                    evidence.output_head = Some(serde_json::from_slice(bytes).ok()?);
                }
                tag if tag == Section::Output as u8 => {
                    evidence.output = Some(Bytes::copy_from_slice(bytes));
                }
                _ => return None,
            }
        }
        evidence.payload = input.map(|input| Payload { input, body });
        Some(evidence)
    }
}
