//! Scanning any bytes neither panics nor reports a span that is empty, out of the text or overlapping another.
#![no_main]

use std::sync::LazyLock;

use countersign_scan::SecretScanner;
use libfuzzer_sys::fuzz_target;

static SCANNER: LazyLock<SecretScanner> =
    LazyLock::new(|| SecretScanner::builtin().expect("the built-in rules are good"));

fuzz_target!(|data: &[u8]| {
    let mut end = 0;
    for span in SCANNER.scan(data) {
        assert!(span.range.start >= end && span.range.start < span.range.end);
        end = span.range.end;
    }
    assert!(end <= data.len());
    // A rule file is input, too: refused or read, never a panic.
    if let Ok(file) = std::str::from_utf8(data) {
        let _scanner = SecretScanner::with_custom(file);
    }
});
