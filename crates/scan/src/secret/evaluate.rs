//! Measures the scanner on labelled texts.

use std::collections::BTreeMap;

use super::scanner::SecretScanner;

/// A labelled text.
#[derive(Debug, Clone, Copy)]
pub struct SecretCase<'case> {
    /// What is scanned.
    pub text: &'case str,
    /// Whether it contains a secret.
    pub expect: bool,
    /// Which rule or category it was made for.
    pub rule: &'case str,
    /// Where it is from.
    pub source: &'case str,
}

/// Counts of flagged texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretRates {
    /// Texts with a secret.
    pub positives: u64,
    /// Of those, found.
    pub found: u64,
    /// Texts without a secret.
    pub negatives: u64,
    /// Of those, flagged.
    pub flagged: u64,
}

/// Rates of all cases, by rule and by source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretReport {
    /// Everything.
    pub overall: SecretRates,
    /// By the case's rule.
    pub by_rule: BTreeMap<String, SecretRates>,
    /// By the case's source.
    pub by_source: BTreeMap<String, SecretRates>,
}

impl SecretRates {
    fn count(&mut self, expect: bool, flagged: bool) {
        if expect {
            self.positives += 1;
            self.found += u64::from(flagged);
        } else {
            self.negatives += 1;
            self.flagged += u64::from(flagged);
        }
    }

    /// Share of the secrets that were found, and its 95 % Wilson interval; nothing if there were none.
    pub fn recall(&self) -> Option<(f64, f64, f64)> {
        wilson(self.found, self.positives)
    }

    /// Share of the other texts that were flagged, and its 95 % Wilson interval; nothing if there were none.
    pub fn false_positives(&self) -> Option<(f64, f64, f64)> {
        wilson(self.flagged, self.negatives)
    }
}

/// Scans every case and counts. A case is flagged if anything is found in it.
pub fn evaluate_secrets<'case>(
    scanner: &SecretScanner,
    cases: impl IntoIterator<Item = SecretCase<'case>>,
) -> SecretReport {
    let mut report = SecretReport::default();
    for case in cases {
        let flagged = !scanner.scan(case.text.as_bytes()).is_empty();
        report.overall.count(case.expect, flagged);
        for (rates, key) in [
            (&mut report.by_rule, case.rule),
            (&mut report.by_source, case.source),
        ] {
            rates
                .entry(key.to_owned())
                .or_default()
                .count(case.expect, flagged);
        }
    }
    report
}

/// Share, lower and upper bound of its 95 % Wilson score interval.
fn wilson(hits: u64, total: u64) -> Option<(f64, f64, f64)> {
    /// The 97.5th percentile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if total == 0 {
        return None;
    }
    let (hits, total) = (to_f64(hits), to_f64(total));
    let share = hits / total;
    let scale = 1.0 + Z * Z / total;
    let centre = (share + Z * Z / (2.0 * total)) / scale;
    let half = Z * (share * (1.0 - share) / total + Z * Z / (4.0 * total * total)).sqrt() / scale;
    Some((share, (centre - half).max(0.0), (centre + half).min(1.0)))
}

fn to_f64(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
