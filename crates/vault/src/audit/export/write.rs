//! Writing the export.

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_domain::{AuditEntry, Commitment, SealedEntry, Verdict};

use crate::{
    audit::{CheckpointKey, Frontier},
    hash::Hash,
};

/// Writes lines of the export; the format is in the module's documentation. Give it a buffered writer.
#[derive(Debug)]
pub struct ExportWriter<W> {
    output: W,
    line: Vec<u8>,
}

impl<W: Write> ExportWriter<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self {
            output,
            line: Vec::with_capacity(1024),
        }
    }

    /// The checkpoint key; first of all.
    pub fn key(&mut self, key: &CheckpointKey) -> io::Result<()> {
        self.raw("{\"key\":");
        self.text(&key.to_string())?;
        self.end()
    }

    /// The start of a pruned ledger; before the entries.
    pub fn start(&mut self, frontier: &Frontier, note: &str) -> io::Result<()> {
        self.raw("{\"start\":");
        self.text(&STANDARD.encode(frontier.to_bytes()))?;
        self.raw(",\"checkpoint\":");
        self.text(note)?;
        self.end()
    }

    /// A signed checkpoint; directly after its entries.
    pub fn checkpoint(&mut self, note: &str) -> io::Result<()> {
        self.raw("{\"checkpoint\":");
        self.text(note)?;
        self.end()
    }

    /// The next entry. Fails for a time outside the years 0 to 9999, which the format can't show.
    pub fn entry(&mut self, sealed: &SealedEntry) -> io::Result<()> {
        let AuditEntry {
            id,
            at,
            kind,
            actor,
            request,
            subject,
            verdict,
            rule,
            policy_version,
            outcome,
            input,
            output,
            facts,
        } = &sealed.entry;
        let at = at.to_string();
        if at.len() != "2026-11-20T09:30:00.000000Z".len() {
            self.line.clear();
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the time of entry {id} cannot be shown: {at}"),
            ));
        }
        write!(
            self.line,
            "{{\"position\":{},\"id\":\"{id}\",\"at\":\"{at}\",\"kind\":",
            sealed.position
        )?;
        self.text(kind)?;
        write!(self.line, ",\"actor\":\"{actor}\",\"request\":")?;
        match request {
            Some(request) => write!(self.line, "\"{request}\"")?,
            None => self.raw("null"),
        }
        self.raw(",\"subject\":");
        self.optional_text(subject.as_deref())?;
        self.raw(",\"verdict\":");
        self.optional_text(verdict.map(Verdict::as_str))?;
        self.raw(",\"rule\":");
        self.optional_text(rule.as_deref())?;
        self.raw(",\"policy_version\":");
        match policy_version {
            Some(version) => write!(self.line, "{version}")?,
            None => self.raw("null"),
        }
        self.raw(",\"outcome\":");
        self.optional_text(outcome.as_deref())?;
        for (name, commitment) in [
            (",\"input\":", input),
            (",\"output\":", output),
            (",\"facts\":", facts),
        ] {
            self.raw(name);
            match commitment {
                Some(Commitment(hash)) => self.hash(hash),
                None => self.raw("null"),
            }
        }
        self.raw(",\"mac\":");
        self.hash(&sealed.mac);
        self.raw(",\"chain\":");
        self.hash(&sealed.chain);
        self.end()
    }

    /// Flushes and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }

    fn raw(&mut self, text: &str) {
        self.line.extend_from_slice(text.as_bytes());
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        serde_json::to_writer(&mut self.line, text).map_err(io::Error::from)
    }

    fn optional_text(&mut self, text: Option<&str>) -> io::Result<()> {
        if let Some(text) = text {
            return self.text(text);
        }
        self.raw("null");
        Ok(())
    }

    fn hash(&mut self, hash: &Hash) {
        self.line.push(b'"');
        let start = self.line.len();
        self.line.resize(start + 44, 0);
        if let Some(slot) = self.line.get_mut(start..) {
            // 32 bytes are always 44 characters.
            let _: Result<usize, _> = STANDARD.encode_slice(hash, slot);
        }
        self.line.push(b'"');
    }

    fn end(&mut self) -> io::Result<()> {
        self.raw("}\n");
        let result = self.output.write_all(&self.line);
        self.line.clear();
        result
    }
}
