//! What a scan reports.

use std::ops::Range;

/// How sure a rule is that its finding is a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A random-looking value with a name that says "secret".
    Low,
    /// A value of the right shape with a provider's name, or a credential in a header, URL or command.
    Medium,
    /// A provider's own token format.
    High,
}

impl Confidence {
    /// Stable name for results and facts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A credential in a text. Only the value: never its name, quotes or neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpan<'scanner> {
    /// Identifier of the rule, `[a-z0-9-]`; it stands in the mark.
    pub rule: &'scanner str,
    /// What an operator reads: `Stripe key`.
    pub kind: &'scanner str,
    /// Bytes of the text.
    pub range: Range<usize>,
    /// How sure the rule is.
    pub confidence: Confidence,
}

/// Sorts the spans and joins those that overlap; the surer, then the longer one names the result.
pub(super) fn joined(mut spans: Vec<SecretSpan<'_>>) -> Vec<SecretSpan<'_>> {
    spans.sort_by(|left, right| {
        (left.range.start, right.range.end).cmp(&(right.range.start, left.range.end))
    });
    let mut out: Vec<SecretSpan<'_>> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                let end = last.range.end.max(span.range.end);
                if (span.confidence, span.range.len()) > (last.confidence, last.range.len()) {
                    last.rule = span.rule;
                    last.kind = span.kind;
                    last.confidence = span.confidence;
                }
                last.range.end = end;
            }
            _ => out.push(span),
        }
    }
    out
}
