//! Crashes, failing disks and a changed ledger. Requirements 40 to 42, invariants 4, 5, 6 and 10.

mod crashes;
mod disk;
mod shim;
mod stores;
mod tampering;
mod webhooks;

/// Rounds of killing: `COUNTERSIGN_FAULT_ROUNDS`, which `make faults` sets to 200; 20 in an ordinary run.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a test runs is said by its environment"
)]
fn rounds() -> usize {
    std::env::var("COUNTERSIGN_FAULT_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20)
}

/// Notes for the runner that a test was left out, and why.
#[expect(
    clippy::disallowed_methods,
    reason = "what a test machine has is said by its environment"
)]
fn skipped(what: &str) {
    use std::io::Write;
    let test = std::env::var("NEXTEST_TEST_NAME").unwrap_or_default();
    eprintln!("SKIPPED: {test}: {what}");
    if let Ok(log) = std::env::var("COUNTERSIGN_SKIPPED_TESTS") {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        writeln!(file, "{what}\tcountersign-app {test}").unwrap();
    }
}
