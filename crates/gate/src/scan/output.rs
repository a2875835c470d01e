//! What a target answers, looked at while it is passed on.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use countersign_domain::{Agent, Finding, Verdict};
use countersign_scan::threat::{Channel, Severity, Thresholds};
use serde_json::Value;

use super::{
    OUTPUT_BYTES, OutputMode, ScanSettings, TextScanner,
    excerpt::{ExcerptPiece, blank_torn_end},
    rest::Rest,
    scanner::Found,
    settings,
    texts::{self, Part},
};
use crate::error::{Error, Result};

/// Text up to this long is looked at where it is.
const INLINE_REPLY_BYTES: usize = 16 << 10;

/// What is not looked at as a whole.
const TRUNCATED: &str = "truncated";

/// So much more of a body that comes slowly is looked at again with what came before.
const STEP_BYTES: usize = 4 << 10;

/// Watches one reply: its beginning while it comes, then parts of the rest and the end. It never changes, stops or delays it for longer
/// than the look takes.
pub(crate) struct OutputWatch {
    scanner: Arc<TextScanner>,
    mode: OutputMode,
    thresholds: Thresholds,
    taint_minutes: u32,
    findings: Vec<Finding>,
    /// What stands around each finding.
    excerpts: Vec<Vec<ExcerptPiece>>,
    severity: Option<Severity>,
    seen_bytes: usize,
    /// Whether the body is JSON by its beginning.
    is_document: bool,
    rest: Rest,
}

/// What was found in some texts of a reply, and what stands around it.
type Seen = Vec<(Found, Vec<ExcerptPiece>)>;

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
            excerpts: Vec::new(),
            severity: None,
            seen_bytes: 0,
            is_document: false,
            rest: Rest::default(),
        }
    }

    /// Sees the next piece of the body.
    pub(crate) fn see(&mut self, piece: &[u8]) {
        if self.mode != OutputMode::Off {
            self.rest.see(piece);
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
        body_bytes.min(self.wanted_bytes()) > self.seen_bytes || self.rest.has_unseen()
    }

    /// Whether there is enough of it to look again while it still comes.
    pub(crate) fn is_due(&self, body_bytes: usize) -> bool {
        body_bytes.min(self.wanted_bytes()) >= self.seen_bytes + STEP_BYTES || self.rest.is_due()
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
        self.is_document = texts::is_document(beginning);
        // A zero says nothing: what can be read of an image is found when it is looked at.
        Some(beginning)
    }

    /// Looks at a body's beginning and what waits of its rest, long ones on a thread that may block.
    pub(crate) async fn look(&mut self, body: &[u8], is_end: bool) {
        self.look_at(body, true, is_end).await;
    }

    /// As [`OutputWatch::look`], while more comes.
    pub(crate) async fn look_on(&mut self, body: &[u8]) {
        self.look_at(body, false, false).await;
    }

    async fn look_at(&mut self, body: &[u8], is_pause: bool, is_end: bool) {
        let texts = self.texts(body, is_pause, is_end);
        let total: usize = texts.iter().map(Vec::len).sum();
        if total <= INLINE_REPLY_BYTES {
            let seen = self.scan(texts);
            self.note(seen);
            return;
        }
        let (scanner, thresholds) = (Arc::clone(&self.scanner), self.thresholds);
        let is_document = self.is_document;
        let looking = move || scan(&scanner, thresholds, is_document, texts);
        match tokio::task::spawn_blocking(looking).await {
            Ok(seen) => self.note(seen),
            // The reply is on its way and can't be taken back: it counts as the worst.
            Err(error) => {
                tracing::error!(%error, "a reply could not be scanned");
                self.severity = Some(Severity::Block);
                self.push(
                    "unscanned",
                    "the reply could not be scanned: it counts as untrusted".to_owned(),
                );
            }
        }
    }

    /// Looks at what nobody has looked at, here and now: for an execution that was abandoned.
    pub(crate) fn look_now(&mut self, body: &[u8]) {
        let texts = self.texts(body, true, true);
        let seen = self.scan(texts);
        self.note(seen);
    }

    /// What has to be looked at: the beginning first, where it has grown.
    fn texts(&mut self, body: &[u8], is_pause: bool, is_end: bool) -> Vec<Vec<u8>> {
        let is_all = is_end && body.len() <= self.wanted_bytes();
        let mut texts = Vec::new();
        if let Some(beginning) = self.news(body) {
            let mut beginning = beginning.to_vec();
            if !is_all {
                blank_torn_end(&mut beginning);
            }
            texts.push(beginning);
        }
        texts.extend(self.rest.take(is_pause, is_end));
        texts
    }

    fn scan(&self, texts: Vec<Vec<u8>>) -> Seen {
        scan(&self.scanner, self.thresholds, self.is_document, texts)
    }

    fn note(&mut self, seen: Seen) {
        for (found, excerpt) in seen {
            // Of one reply the worst counts; a longer beginning was looked at again as a whole, and speaks for the shorter one.
            if found.severity.is_some() && found.severity >= self.severity {
                self.severity = found.severity;
                self.excerpts = vec![excerpt; found.findings.len()];
                self.findings = found.findings;
            }
        }
    }

    fn push(&mut self, category: &str, reason: String) {
        self.findings.push(Finding {
            category: category.to_owned(),
            place: "reply".to_owned(),
            verdict: Verdict::Allow,
            reason,
        });
        self.excerpts.push(Vec::new());
    }

    /// Says what was not looked at. Once, when all has been.
    pub(crate) fn conclude(&mut self) {
        if self.rest.is_skipped() && !self.findings.iter().any(|it| it.category == TRUNCATED) {
            let text = "only the beginning of the reply, its end and parts of what is between were looked at";
            self.push(TRUNCATED, text.to_owned());
        }
    }

    /// What stands around each finding, in their order.
    pub(crate) fn excerpts(&self) -> &[Vec<ExcerptPiece>] {
        &self.excerpts
    }

    /// The finding that is worth an entry of its own: that a reply is long is none.
    pub(crate) fn worth_telling(&self) -> Option<&Finding> {
        self.findings.iter().find(|it| it.category != TRUNCATED)
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

fn scan(
    scanner: &TextScanner,
    thresholds: Thresholds,
    is_document: bool,
    texts: Vec<Vec<u8>>,
) -> Seen {
    let mut seen = Seen::new();
    for text in texts {
        // Escapes hide words: a document is looked at as its reader will read it.
        let text = match texts::unescaped(&text) {
            Cow::Owned(read) if is_document => read,
            _ => text,
        };
        let part = Part::whole("reply", text);
        let mut found = Found::default();
        let excerpt = scanner.threat(
            &part,
            Channel::ToolOutput,
            thresholds,
            |_| Verdict::Allow,
            &Value::Null,
            &mut found,
        );
        seen.push((found, excerpt));
    }
    seen
}
