//! What the scanners said of one text, for people and for programs.
//!
//! INVARIANT: no value of a secret is shown, only its mark.

use countersign_scan::threat::{Channel, Finding, Scanner, Severity, Thresholds};
use countersign_scan::{SecretScanner, SecretSpan};
use serde_json::{Map, Value, json};

use super::excerpt::{Place, Places, excerpt, mark};
use super::input::Input;
use crate::output::Output;

/// Both scanners' findings in one text.
#[derive(Debug)]
pub(super) struct Outcome<'scanner> {
    input: Input,
    channel: Channel,
    thresholds: Thresholds,
    finding: Finding,
    secrets: Vec<SecretSpan<'scanner>>,
}

impl<'scanner> Outcome<'scanner> {
    /// Scans a text.
    pub(super) fn of(
        input: Input,
        channel: Channel,
        threats: &Scanner,
        secrets: &'scanner SecretScanner,
    ) -> Self {
        Self {
            thresholds: threats.thresholds(channel),
            finding: threats.scan(&input.text, channel),
            secrets: secrets.scan(input.text.as_bytes()),
            input,
            channel,
        }
    }

    /// The fields that programs read.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        let mut places = Places::of(&self.input.text);
        let spans: Vec<Value> = self
            .finding
            .spans
            .iter()
            .map(|span| {
                let Place { line, column } = places.at(span.start);
                json!({
                    "start": span.start,
                    "end": span.end,
                    "line": line,
                    "column": column,
                    "excerpt": excerpt(&self.input.text, span.start..span.end, &self.secrets),
                })
            })
            .collect();
        let fields = [
            ("score", number(self.finding.score)),
            ("category", json!(category(&self.finding))),
            ("severity", json!(severity(self.severity()))),
            ("channel", json!(self.channel.as_str())),
            (
                "thresholds",
                json!({ "warn": number(self.thresholds.warn), "block": number(self.thresholds.block) }),
            ),
            ("reasons", json!(self.finding.reasons)),
            ("spans", json!(spans)),
            ("secrets", json!(secrets(&self.input.text, &self.secrets))),
            ("invalid_utf8_bytes", json!(self.input.invalid_bytes)),
        ];
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The lines that people read. `name`: whose text it is, where there are several.
    pub(super) fn show(&self, output: Output, name: Option<&str>) {
        if self.input.invalid_bytes > 0 {
            output.warn(format!(
                "{} is not UTF-8: {} of its bytes are scanned and shown as \\u{{1a}}",
                name.unwrap_or("the text"),
                self.input.invalid_bytes
            ));
        }
        let name = name.map_or_else(String::new, |name| format!("{name}: "));
        // Below every threshold it is no threat of any kind.
        let what = match self.severity() {
            Severity::Clear => "nothing found",
            _ => category(&self.finding).map_or("nothing found", |_| self.finding.category.words()),
        };
        output.line(format!(
            "{name}{}: {what}, score {:.4} (warn from {}, block from {})",
            severity(self.severity()),
            self.finding.score,
            self.thresholds.warn,
            self.thresholds.block
        ));
        for reason in &self.finding.reasons {
            output.line(format!("  why     {} ({})", reason.words, reason.rule));
        }
        let mut places = Places::of(&self.input.text);
        for span in &self.finding.spans {
            let Place { line, column } = places.at(span.start);
            let shown = excerpt(&self.input.text, span.start..span.end, &self.secrets);
            output.line(format!("  where   {line}:{column}  {shown}"));
        }
        let mut places = Places::of(&self.input.text);
        for secret in &self.secrets {
            let Place { line, column } = places.at(secret.range.start);
            output.line(format!(
                "  secret  {line}:{column}  {}, {} confidence  {}",
                secret.kind,
                secret.confidence.name(),
                mark(secret)
            ));
        }
    }

    fn severity(&self) -> Severity {
        self.thresholds.severity(&self.finding)
    }
}

/// The secrets of a text, without their values.
pub(super) fn secrets(text: &str, found: &[SecretSpan<'_>]) -> Vec<Value> {
    let mut places = Places::of(text);
    found
        .iter()
        .map(|secret| {
            let Place { line, column } = places.at(secret.range.start);
            json!({
                "rule": secret.rule,
                "kind": secret.kind,
                "confidence": secret.confidence.name(),
                "start": secret.range.start,
                "end": secret.range.end,
                "line": line,
                "column": column,
            })
        })
        .collect()
}

/// The category, unless the scanner saw nothing: then it says nothing.
pub(super) fn category(finding: &Finding) -> Option<&'static str> {
    (!finding.reasons.is_empty()).then(|| finding.category.as_str())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Clear => "clear",
        Severity::Warn => "warn",
        Severity::Block => "block",
    }
}

/// The shortest decimal number that stands for this one.
pub(super) fn decimal(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}

fn number(value: f32) -> Value {
    json!(decimal(value))
}
