//! Counts of passed, failed and skipped, and how to read them from the closing lines of each runner.

use std::fmt;
use std::ops::AddAssign;

use serde_json::Value;

/// How many passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    /// One check, passed or failed.
    pub(super) fn one(has_passed: bool) -> Self {
        Self {
            passed: u64::from(has_passed),
            failed: u64::from(!has_passed),
            skipped: 0,
        }
    }

    /// So many that were left out.
    pub(super) fn left_out(count: u64) -> Self {
        Self {
            skipped: count,
            ..Self::default()
        }
    }

    /// Reads vitest's report in JSON.
    pub(super) fn of_vitest(report: &Value) -> Self {
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        Self {
            passed: count("numPassedTests"),
            failed: count("numFailedTests"),
            skipped: count("numPendingTests") + count("numTodoTests"),
        }
    }

    /// Reads Playwright's report in JSON. A test that passed at its second try only has passed; its reporter names it as flaky.
    pub(super) fn of_playwright(report: &Value) -> Self {
        let count = |name: &str| {
            let stats = report.get("stats");
            stats
                .and_then(|stats| stats.get(name)?.as_u64())
                .unwrap_or_default()
        };
        Self {
            passed: count("expected") + count("flaky"),
            failed: count("unexpected"),
            skipped: count("skipped"),
        }
    }

    /// Whether nothing failed.
    pub(super) fn is_clean(self) -> bool {
        self.failed == 0
    }

    /// The same tally in which `count` tests that called themselves passed are skipped ones.
    pub(super) fn moving_to_skipped(self, count: u64) -> Self {
        let count = count.min(self.passed);
        Self {
            passed: self.passed - count,
            skipped: self.skipped + count,
            ..self
        }
    }

    /// A runner's tally, corrected by its exit: a runner that failed without a failed test (its build broke) failed once.
    pub(super) fn with_exit(self, has_succeeded: bool) -> Self {
        if has_succeeded || self.failed > 0 {
            self
        } else {
            Self { failed: 1, ..self }
        }
    }

    /// Reads the summary of nextest: `Summary [ 0.1s] 12/20 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped`.
    /// Tests that a stopped run never reached are failed.
    pub(super) fn of_nextest<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        lines
            .into_iter()
            .filter_map(nextest_summary)
            .last()
            .unwrap_or_default()
    }

    /// Reads every summary of `cargo test`: `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; ...`.
    pub(super) fn of_libtest<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut total = Self::default();
        for line in lines {
            let Some((_, counts)) = line
                .trim()
                .strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
            else {
                continue;
            };
            for part in counts.split(';') {
                match counted(part) {
                    Some((count, "passed")) => total.passed += count,
                    Some((count, "failed")) => total.failed += count,
                    Some((count, "ignored")) => total.skipped += count,
                    _ => {}
                }
            }
        }
        total
    }
}

fn nextest_summary(line: &str) -> Option<Tally> {
    let rest = line.trim().strip_prefix("Summary [")?;
    let (_, rest) = rest.split_once(']')?;
    let (run, counts) = rest.split_once(" run: ")?;
    let mut tally = Tally::default();
    for part in counts.split(", ") {
        // `10 passed (1 slow, 1 flaky)` is split at the inner comma too: what has no known word counts nothing.
        match counted(part) {
            Some((count, "passed")) => tally.passed = count,
            Some((count, "skipped")) => tally.skipped = count,
            Some((count, "failed" | "timed out" | "exec failed")) => tally.failed += count,
            _ => {}
        }
    }
    if let Some((reached, planned)) = run.trim().split_once('/') {
        let planned = planned.split_whitespace().next()?.parse::<u64>().ok()?;
        tally.failed += planned.saturating_sub(reached.trim().parse::<u64>().ok()?);
    }
    Some(tally)
}

/// `10 passed (1 slow` → (10, "passed").
fn counted(part: &str) -> Option<(u64, &str)> {
    let (count, word) = part.trim().split_once(' ')?;
    let word = word.split(" (").next().unwrap_or(word);
    Some((count.parse().ok()?, word.trim()))
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}
