//! What a target answers, looked at while it is passed on.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use countersign_domain::{Agent, Finding, Verdict};
use countersign_scan::threat::{Channel, Severity, Thresholds};
use serde_json::Value;

use super::{
    OUTPUT_BYTES, OutputMode, ScanSettings, TextScanner,
    scanner::Found,
    settings,
    texts::{self, Part},
};
use crate::error::{Error, Result};

/// Text up to this long is looked at where it is.
const INLINE_REPLY_BYTES: usize = 16 << 10;

/// So much more of a body that comes slowly is looked at again with what came before.
const STEP_BYTES: usize = 4 << 10;

/// Watches the beginning of one reply. It never changes, stops or delays it for longer than the look takes.
pub(crate) struct OutputWatch {
    scanner: Arc<TextScanner>,
    mode: OutputMode,
    thresholds: Thresholds,
    taint_minutes: u32,
    findings: Vec<Finding>,
    severity: Option<Severity>,
    seen_bytes: usize,
}

impl OutputWatch {
    /// A watch by an agent's settings.
    pub(crate) fn new(scanner: &Arc<TextScanner>, settings: &ScanSettings, agent: &Agent) -> Self {
        let settings = settings.of_agent(&agent.labels);
        Self {
            scanner: Arc::clone(scanner),
            mode: settings.tool_output.mode,
            thresholds: settings::thresholds(
                scanner.thresholds(Channel::ToolOutput),
                settings.tool_output.warn,
                settings.tool_output.block,
            ),
            taint_minutes: settings.taint_minutes,
            findings: Vec::new(),
            severity: None,
            seen_bytes: 0,
        }
    }

    /// How much of a body has to be kept for it.
    pub(crate) fn wanted_bytes(&self) -> usize {
        if self.mode == OutputMode::Off {
            0
        } else {
            OUTPUT_BYTES
        }
    }

    /// Whether anything of a body of this length has not been looked at, and would be.
    pub(crate) fn has_unseen(&self, body_bytes: usize) -> bool {
        body_bytes.min(self.wanted_bytes()) > self.seen_bytes
    }

    /// Whether there is enough of it to look again while it still comes.
    pub(crate) fn is_due(&self, body_bytes: usize) -> bool {
        body_bytes.min(self.wanted_bytes()) >= self.seen_bytes + STEP_BYTES
    }

    /// Where a body may be cut, at most at `end`, so that no half of a secret stays behind.
    pub(crate) fn cut_before_secret(&self, body: &[u8], end: usize) -> usize {
        self.scanner.cut_before_secret(body, end)
    }

    /// The part of a body's beginning that has to be looked at; `None` when there is nothing new.
    fn news<'body>(&mut self, body: &'body [u8]) -> Option<&'body [u8]> {
        let beginning = &body[..body.len().min(self.wanted_bytes())];
        if beginning.len() <= self.seen_bytes {
            return None;
        }
        self.seen_bytes = beginning.len();
        // A zero says nothing: what can be read of an image is found when it is looked at.
        Some(beginning)
    }

    /// Looks at a body's beginning, long ones on a thread that may block.
    pub(crate) async fn look(&mut self, body: &[u8]) {
        let Some(beginning) = self.news(body) else {
            return;
        };
        if beginning.len() <= INLINE_REPLY_BYTES {
            let found = self.scan(beginning);
            self.note(found);
            return;
        }
        let (scanner, thresholds) = (Arc::clone(&self.scanner), self.thresholds);
        let owned = beginning.to_vec();
        match tokio::task::spawn_blocking(move || scan(&scanner, thresholds, &owned)).await {
            Ok(found) => self.note(found),
            // The reply is on its way and can't be taken back: it counts as the worst.
            Err(error) => {
                tracing::error!(%error, "a reply could not be scanned");
                self.severity = Some(Severity::Block);
                self.findings.push(Finding {
                    category: "unscanned".to_owned(),
                    place: "reply".to_owned(),
                    verdict: Verdict::Allow,
                    reason: "the reply could not be scanned: it counts as untrusted".to_owned(),
                });
            }
        }
    }

    /// Looks at what nobody has looked at, here and now: for an execution that was abandoned.
    pub(crate) fn look_now(&mut self, body: &[u8]) {
        if let Some(beginning) = self.news(body) {
            let found = self.scan(beginning);
            self.note(found);
        }
    }

    fn scan(&self, body: &[u8]) -> Found {
        scan(&self.scanner, self.thresholds, body)
    }

    fn note(&mut self, found: Found) {
        // A longer beginning is looked at again as a whole: it speaks for the shorter one.
        if found.severity >= self.severity {
            self.severity = found.severity;
            self.findings = found.findings;
        }
    }

    /// What was found.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// For how many minutes the agent is tainted by it.
    pub(crate) fn taints(&self) -> Option<u32> {
        (self.mode == OutputMode::Taint && self.severity == Some(Severity::Block))
            .then_some(self.taint_minutes)
    }

    /// A long body with marks in place of what looks like a secret.
    ///
    /// # Errors
    /// `internal` when it could not be done: then nothing of the body may be shown.
    pub(crate) async fn redacted_long(&self, body: Bytes) -> Result<Bytes> {
        let scanner = Arc::clone(&self.scanner);
        tokio::task::spawn_blocking(move || {
            match scanner.redact_bytes(&body) {
                Cow::Borrowed(_) => None,
                Cow::Owned(redacted) => Some(Bytes::from(redacted)),
            }
            .unwrap_or(body)
        })
        .await
        .map_err(Error::internal)
    }

    /// An object of texts with marks in place of what looks like a secret.
    pub(crate) fn redacted_texts(&self, mut texts: Value) -> Value {
        if let Value::Object(fields) = &mut texts {
            for value in fields.values_mut() {
                if let Value::String(text) = value
                    && let Cow::Owned(redacted) = self.scanner.redact(text)
                {
                    *text = redacted;
                }
            }
        }
        texts
    }

    /// The kept body with marks in place of what looks like a secret.
    pub(crate) fn redacted<'body>(&self, kept: &'body [u8]) -> Cow<'body, [u8]> {
        self.scanner.redact_bytes(kept)
    }
}

fn scan(scanner: &TextScanner, thresholds: Thresholds, body: &[u8]) -> Found {
    // Escapes hide words: a document is looked at as its reader will read it.
    let part = Part::whole("reply", texts::unescaped(body).into_owned());
    let mut found = Found::default();
    scanner.threat(
        &part,
        Channel::ToolOutput,
        thresholds,
        |_| Verdict::Allow,
        &Value::Null,
        &mut found,
    );
    found
}
