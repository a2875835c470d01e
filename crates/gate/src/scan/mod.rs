//! The scanner in the pipeline: what an agent asks for and what a target answers, looked at for threats and secrets.
//!
//! Before a decision the agent's text becomes findings in the facts; after it, the reply becomes findings beside the outcome, and may
//! taint the agent. Other faces come through the same [`TextScanner`].
//!
//! What it never does: change a byte that runs, allow anything, or answer for the guarantees. It is a tripwire; those come from
//! grants, taint, egress limits and masking.
//!
//! Invariants: of every text a bounded part is looked at, spread over all of it; what is not looked at is said; long text is looked at beside the
//! runtime's threads; a scan that fails is an error, never a pass.

mod cases;
mod excerpt;
mod input;
mod later;
mod output;
mod rest;
mod scanner;
mod secret_rules;
mod settings;
mod taint;
mod texts;
mod vault_values;
mod windows;

#[cfg(test)]
mod tests;

pub use cases::{CASE_PAGE_LIMIT, FindingView, ScanCase};
pub use excerpt::ExcerptPiece;
pub(crate) use output::OutputWatch;
pub(crate) use scanner::{LONGEST_SECRET_BYTES, TextScanner};
pub(crate) use secret_rules::StoredRules;
pub use secret_rules::{SecretRuleView, SecretRulesView};
pub(crate) use settings::check_labels;
pub use settings::{
    InputMode, InputScanChange, InputScanSettings, OutputMode, OutputScanChange,
    OutputScanSettings, ScanChange, ScanSettings,
};
pub(crate) use taint::{FOUND, Taints, outcome_words};
pub(crate) use vault_values::VaultValues;

/// The longest part of a request that is looked at, in bytes: intent, body, and the rest are a part each.
pub(crate) const INPUT_PART_BYTES: usize = 256 << 10;
/// How much of a reply's beginning is looked at, in bytes.
pub(crate) const OUTPUT_BYTES: usize = 64 << 10;
/// Text up to this long is looked at where it is; longer text on a thread that may block.
pub(crate) const INLINE_BYTES: usize = 64 << 10;
