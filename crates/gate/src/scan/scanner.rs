//! The scanner that a gate is started with.

use std::{borrow::Cow, sync::Arc};

use arc_swap::ArcSwap;
use countersign_domain::{Finding, ScanFacts, SecretFact, Verdict};
use countersign_scan::{
    SecretScanner,
    threat::{Channel, Scanner, Severity, Thresholds},
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    excerpt::ExcerptPiece,
    secret_rules::InForce,
    texts::{self, Part},
};
use crate::error::{Error, Result};

/// The most secrets of one part that are named.
const SECRETS_PER_PART: usize = 16;

/// A longer secret is not looked for where a text is cut.
pub(crate) const LONGEST_SECRET_BYTES: usize = 4 << 10;

/// Looks at text for threats and secrets. One value, made when the gate starts, shared by all calls.
#[derive(Debug)]
pub(crate) struct TextScanner {
    threats: Scanner,
    /// The built-in rules alone.
    pub(super) shipped: Arc<SecretScanner>,
    /// With the operators' own.
    pub(super) secrets: ArcSwap<InForce>,
    /// Held while rules are compiled.
    pub(super) compiling: Arc<Mutex<()>>,
}

/// What was found in the parts of one request or reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    pub(crate) facts: ScanFacts,
    /// The worst threat.
    pub(crate) severity: Option<Severity>,
}

/// What a severity asks for.
pub(crate) type Judge = fn(Severity) -> Verdict;

impl TextScanner {
    /// The scanner as it is shipped. Takes a while: its patterns are compiled.
    pub(crate) async fn shipped() -> Result<Arc<Self>> {
        tokio::task::spawn_blocking(|| {
            let shipped = Arc::new(SecretScanner::builtin().map_err(Error::internal)?);
            Ok(Arc::new(Self {
                threats: Scanner::shipped().map_err(Error::internal)?,
                secrets: ArcSwap::from_pointee(InForce::shipped(Arc::clone(&shipped))),
                shipped,
                compiling: Arc::default(),
            }))
        })
        .await
        .map_err(Error::internal)?
    }

    /// The shipped thresholds of a channel.
    pub(crate) fn thresholds(&self, channel: Channel) -> Thresholds {
        self.threats.thresholds(channel)
    }

    /// The text with marks in place of what looks like a secret.
    pub(crate) fn redact<'text>(&self, text: &'text str) -> Cow<'text, str> {
        self.secrets.load().scanner.redact(text)
    }

    /// The bytes with marks in place of what looks like a secret.
    pub(crate) fn redact_bytes<'text>(&self, text: &'text [u8]) -> Cow<'text, [u8]> {
        self.secrets.load().scanner.redact_bytes(text)
    }

    /// Where a text may be cut, at most at `end`, so that no half of a secret stays behind: it would look like none.
    pub(crate) fn cut_before_secret(&self, text: &[u8], end: usize) -> usize {
        if text.len() <= end {
            return text.len();
        }
        let from = end.saturating_sub(LONGEST_SECRET_BYTES);
        let window = &text[from..text.len().min(end + LONGEST_SECRET_BYTES)];
        let secrets = self.secrets.load();
        secrets
            .scanner
            .scan(window)
            .iter()
            .map(|span| from + span.range.start..from + span.range.end)
            .find(|range| range.contains(&end))
            .map_or(end, |range| range.start)
    }

    /// Looks for threats alone. Gives what stands around the one that was found.
    pub(crate) fn threat(
        &self,
        part: &Part,
        channel: Channel,
        thresholds: Thresholds,
        judge: Judge,
        input: &Value,
        found: &mut Found,
    ) -> Vec<ExcerptPiece> {
        let text = texts::readable(&part.text);
        let seen = self.threats.scan_bytes(&text, channel);
        let severity = thresholds.severity(&seen);
        if severity == Severity::Clear {
            return Vec::new();
        }
        let score = (f64::from(seen.score) * 1000.0).round() / 1000.0;
        let place = match &text {
            Cow::Borrowed(_) => {
                let offset = seen.spans.first().map_or(0, |span| span.start);
                self.place(part, offset, input)
            }
            Cow::Owned(_) => part.name.to_owned(),
        };
        let mut reason = format!(
            "{} ({:.0} %) in {place}",
            seen.category.words(),
            score * 100.0
        );
        for (index, why) in seen.reasons.iter().take(3).enumerate() {
            reason.push_str(if index == 0 { ": " } else { "; " });
            reason.push_str(&why.words);
        }
        if found.facts.threat_score < score {
            found.facts.threat_score = score;
            found.facts.threat_category = Some(seen.category.as_str().to_owned());
        }
        found.severity = found.severity.max(Some(severity));
        found.findings.push(Finding {
            category: seen.category.as_str().to_owned(),
            place,
            verdict: judge(severity),
            reason,
        });
        self.excerpt(&text, &seen.spans)
    }

    /// What stands around a threat that was found in a part before; empty where it is not found any more.
    pub(super) fn excerpt_of(
        &self,
        part: &Part,
        channel: Channel,
        category: &str,
    ) -> Vec<ExcerptPiece> {
        let text = texts::readable(&part.text);
        let seen = self.threats.scan_bytes(&text, channel);
        if seen.category.as_str() != category {
            return Vec::new();
        }
        self.excerpt(&text, &seen.spans)
    }

    /// The part of a text that is kept as a case: around what was found, where it is longer.
    pub(super) fn case_text(&self, text: String, channel: Channel, most_bytes: usize) -> String {
        if text.len() <= most_bytes {
            return text;
        }
        let seen = self.threats.scan(&text, channel);
        let first = seen.spans.first().map_or(0, |span| span.start);
        let start = first
            .saturating_sub(most_bytes / 2)
            .min(text.len() - most_bytes);
        let start = text.ceil_char_boundary(start);
        let end = text.floor_char_boundary(start + most_bytes);
        text[start..end].to_owned()
    }

    /// Where an offset lies. Names of fields are in it, and a name may be a secret: places stand in the ledger.
    pub(crate) fn place(&self, part: &Part, offset: usize, input: &Value) -> String {
        texts::bounded_place(&self.redact(&texts::place(part, offset, input)))
    }

    /// The text with marks in place of what looks like a secret, but for what was found at one place.
    pub(crate) fn redact_around(&self, part: &Part, input: &Value, finding: &Finding) -> String {
        let secrets = self.secrets.load();
        let mut out = Vec::with_capacity(part.text.len());
        let mut at = 0;
        for span in secrets.scanner.scan(&part.text) {
            let is_it = finding.reason.contains(span.kind)
                && self.place(part, span.range.start, input) == finding.place;
            if !is_it {
                out.extend_from_slice(&part.text[at..span.range.start]);
                out.extend_from_slice(format!("[secret:{}]", span.rule).as_bytes());
                at = span.range.end;
            }
        }
        out.extend_from_slice(&part.text[at..]);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Looks for secrets alone. A secret never decides: it is a warning to whoever does.
    pub(crate) fn secrets(&self, part: &Part, input: &Value, found: &mut Found) {
        let secrets = self.secrets.load();
        for span in secrets
            .scanner
            .scan(&part.text)
            .iter()
            .take(SECRETS_PER_PART)
        {
            let place = self.place(part, span.range.start, input);
            let fact = SecretFact {
                kind: span.rule.to_owned(),
                place: place.clone(),
            };
            if found.facts.secrets.contains(&fact) {
                continue;
            }
            found.facts.secrets.push(fact);
            found.findings.push(Finding {
                category: "secret".to_owned(),
                verdict: Verdict::Allow,
                reason: format!("what looks like a secret ({}) stands in {place}", span.kind),
                place,
            });
        }
    }

    /// Looks at the parts of a request.
    pub(crate) fn look(
        &self,
        parts: &[Part],
        thresholds: Thresholds,
        judge: Judge,
        input: &Value,
    ) -> Found {
        let mut found = Found::default();
        for part in parts {
            // Whoever looks at the finding gets what stands around it from the evidence.
            let _ = self.threat(part, Channel::User, thresholds, judge, input, &mut found);
            self.secrets(part, input, &mut found);
            if part.is_cut {
                found.facts.truncated.push(part.name.to_owned());
                found.findings.push(Finding {
                    category: "truncated".to_owned(),
                    place: part.name.to_owned(),
                    verdict: Verdict::Allow,
                    reason: format!(
                        "only {} KiB of {} were looked at: the beginning, the end, and parts of what is between",
                        part.text.len().div_ceil(1024),
                        part.name
                    ),
                });
            }
        }
        found
    }
}
