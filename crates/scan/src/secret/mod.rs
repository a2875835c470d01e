//! Finds text that is shaped like a credential, and redacts it.
//!
//! The masker knows the values that the gateway holds; this module knows none. It recognises the published formats of
//! providers (the rule file `builtin.rules`), credentials in headers, URLs and command lines, and high-entropy values that
//! are assigned to a name that says "secret". It serves what is stored and shown: what runs is never changed by it.
//!
//! What it never does: decode (that is the normaliser's work), call anybody, log, or keep a text.
//!
//! INVARIANT: no panic and linear time on any bytes. A rule costs something only where one of its keywords stands, and then
//! reads a bounded window. A redacted text contains none of the values that were found in it, and redacting it again changes
//! nothing.

mod ansi;
mod assignment;
mod check;
mod evaluate;
mod generic;
mod kubernetes;
mod redact;
mod regexes;
mod rule;
mod rules;
mod scanner;
mod shape;
mod span;

#[cfg(test)]
mod tests;

pub(crate) use shape::entropy_bits;

pub use evaluate::{SecretCase, SecretRates, SecretReport, evaluate_secrets};
pub use rules::SecretRuleError;
pub use scanner::SecretScanner;
pub use span::{Confidence, SecretSpan};
