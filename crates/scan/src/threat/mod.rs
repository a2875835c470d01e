//! Finds prompt injection, jailbreaks, exfiltration, command injection and social engineering in text.
//!
//! Two layers over the views of [`crate::normal`]: rules with reasons that an operator understands ([`RuleSet`]), and the
//! model of [`crate::model`], which weighs the rules together with words and ideas. The outcome is a [`Finding`] with a
//! calibrated score.
//!
//! It is a tripwire: it misses attacks and flags harmless text at the rates in `docs/scanner.md`. Nothing may be allowed
//! because it found nothing; the guarantees come from deny-by-default, taint, egress limits and masking.
//!
//! Invariants: no input or output; work is linear in the text (text is cut into blocks of [`BLOCK_BYTES`] that overlap); spans
//! are byte offsets of the original text, on character borders.

mod category;
mod finding;
mod rules;
mod scanner;

#[cfg(test)]
mod tests;

pub use category::{Channel, ThreatCategory};
pub use finding::{Finding, Reason, Severity, Span, Thresholds};
pub use rules::{RuleSet, RuleSetError};
pub use scanner::{BLOCK_BYTES, Prepared, Scanner, ScannerError, prepare_text};
