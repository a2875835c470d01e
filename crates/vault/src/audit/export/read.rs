//! Reading the export, strictly and with bounded memory.

use std::io::{self, BufRead, Read};

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::{AuditEntry, Commitment, EntryId, RequestId, SealedEntry};

use super::cursor::{Cursor, Unexpected};
use crate::audit::{CheckpointKey, Frontier};

/// The longest line: an entry with four texts of 256 bytes, all escaped, is below 8 KiB; a note is at most 16 KiB before escaping.
const MAXIMUM_LINE_BYTES: usize = 64 * 1024;

/// A line that is not one.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It breaks the format.
    #[error("line {line}, column {column}: expected {expected}")]
    Unexpected {
        /// The line, from 1.
        line: u64,
        /// The byte in the line, from 1.
        column: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// It is too long or not UTF-8.
    #[error("line {line} is longer than {MAXIMUM_LINE_BYTES} bytes or not UTF-8")]
    NotText {
        /// The line, from 1.
        line: u64,
    },
    /// The file could not be read.
    #[error("the export could not be read after line {line}")]
    Io {
        /// The last line that was read.
        line: u64,
        /// Why not.
        source: io::Error,
    },
}

impl ExportError {
    /// The line, from 1.
    pub const fn line(&self) -> u64 {
        match self {
            Self::Unexpected { line, .. } | Self::NotText { line } | Self::Io { line, .. } => *line,
        }
    }
}

/// A line of the export.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "almost every line is an entry: a box would cost an allocation each"
)]
pub enum ExportLine {
    /// The checkpoint key.
    Key(CheckpointKey),
    /// The start of a pruned ledger.
    Start {
        /// The compact range before the first entry.
        frontier: Frontier,
        /// The signed note of the checkpoint that it belongs to.
        checkpoint: String,
    },
    /// An entry.
    Entry(SealedEntry),
    /// A signed note.
    Checkpoint(String),
}

/// Reads an export line by line.
#[derive(Debug)]
pub struct ExportReader<R> {
    input: R,
    buffer: Vec<u8>,
    line: u64,
    failed: bool,
}

impl<R: BufRead> ExportReader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::with_capacity(1024),
            line: 0,
            failed: false,
        }
    }

    /// The number of the line that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn read(&mut self) -> Result<Option<ExportLine>, ExportError> {
        self.buffer.clear();
        let limit = MAXIMUM_LINE_BYTES as u64 + 1;
        let read = self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut self.buffer);
        if read.map_err(|source| ExportError::Io {
            line: self.line,
            source,
        })? == 0
        {
            return Ok(None);
        }
        self.line += 1;
        let line = self.line;
        if self.buffer.len() > MAXIMUM_LINE_BYTES {
            return Err(ExportError::NotText { line });
        }
        let text = str::from_utf8(&self.buffer).map_err(|_| ExportError::NotText { line })?;
        let unexpected = |Unexpected { expected, column }| ExportError::Unexpected {
            line,
            column,
            expected,
        };
        let Some(text) = text.strip_suffix('\n') else {
            return Err(unexpected(Unexpected {
                expected: "a newline at the end",
                column: text.len() + 1,
            }));
        };
        parse(text).map(Some).map_err(unexpected)
    }
}

impl<R: BufRead> Iterator for ExportReader<R> {
    type Item = Result<ExportLine, ExportError>;

    /// Ends after the first error: what follows can't be trusted to be lines.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let result = self.read();
        self.failed = result.is_err();
        result.transpose()
    }
}

fn parse(line: &str) -> Result<ExportLine, Unexpected> {
    let mut cursor = Cursor::new(line);
    let parsed = if cursor.starts_with("{\"position\":") {
        ExportLine::Entry(entry(&mut cursor)?)
    } else if cursor.starts_with("{\"checkpoint\":") {
        cursor.literal("{\"checkpoint\":")?;
        ExportLine::Checkpoint(cursor.text()?.into_owned())
    } else if cursor.starts_with("{\"key\":") {
        cursor.literal("{\"key\":")?;
        let key = cursor.text()?.parse().map_err(|_| Unexpected {
            expected: "a checkpoint key",
            column: 8,
        })?;
        ExportLine::Key(key)
    } else {
        cursor.literal("{\"start\":")?;
        let encoded = cursor.text()?;
        let frontier = STANDARD
            .decode(encoded.as_bytes())
            .ok()
            .and_then(|bytes| Frontier::from_bytes(&bytes).ok());
        let frontier = frontier.ok_or(Unexpected {
            expected: "a Merkle frontier in base64",
            column: 10,
        })?;
        cursor.literal(",\"checkpoint\":")?;
        ExportLine::Start {
            frontier,
            checkpoint: cursor.text()?.into_owned(),
        }
    };
    cursor.literal("}")?;
    cursor.end()?;
    Ok(parsed)
}

fn entry(cursor: &mut Cursor<'_>) -> Result<SealedEntry, Unexpected> {
    cursor.literal("{\"position\":")?;
    let position = cursor.number()?;
    cursor.literal(",\"id\":")?;
    let id = EntryId::new(cursor.uuid()?);
    cursor.literal(",\"at\":")?;
    let at = cursor.timestamp()?;
    cursor.literal(",\"kind\":")?;
    let kind = cursor.text()?.into_owned();
    cursor.literal(",\"actor\":")?;
    let actor = cursor.actor()?;
    let mut entry = AuditEntry::new(id, at, actor, kind);
    cursor.literal(",\"request\":")?;
    entry.request = cursor.optional(Cursor::uuid)?.map(RequestId::new);
    cursor.literal(",\"subject\":")?;
    entry.subject = optional_text(cursor)?;
    cursor.literal(",\"verdict\":")?;
    entry.verdict = cursor.optional(Cursor::verdict)?;
    cursor.literal(",\"rule\":")?;
    entry.rule = optional_text(cursor)?;
    cursor.literal(",\"policy_version\":")?;
    entry.policy_version = cursor.optional(Cursor::number)?;
    cursor.literal(",\"outcome\":")?;
    entry.outcome = optional_text(cursor)?;
    cursor.literal(",\"input\":")?;
    entry.input = cursor.optional(Cursor::hash)?.map(Commitment);
    cursor.literal(",\"output\":")?;
    entry.output = cursor.optional(Cursor::hash)?.map(Commitment);
    cursor.literal(",\"facts\":")?;
    entry.facts = cursor.optional(Cursor::hash)?.map(Commitment);
    cursor.literal(",\"mac\":")?;
    let mac = cursor.hash()?;
    cursor.literal(",\"chain\":")?;
    let chain = cursor.hash()?;
    Ok(SealedEntry {
        position,
        entry,
        mac,
        chain,
    })
}

fn optional_text(cursor: &mut Cursor<'_>) -> Result<Option<String>, Unexpected> {
    Ok(cursor
        .optional(Cursor::text)?
        .map(std::borrow::Cow::into_owned))
}
