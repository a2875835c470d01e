//! Any bytes: no panic, a score between 0 and 1, spans sorted, apart and inside of the bytes.
#![no_main]

use std::sync::LazyLock;

use countersign_scan::threat::{Channel, Scanner};
use libfuzzer_sys::fuzz_target;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::shipped().expect("the shipped files fit each other"));

fuzz_target!(|data: &[u8]| {
    let finding = SCANNER.scan_bytes(data, Channel::ToolOutput);
    assert!((0.0..=1.0).contains(&finding.score));
    let mut last = 0;
    for span in &finding.spans {
        assert!(last <= span.start && span.start < span.end && span.end <= data.len());
        last = span.end;
    }
});
