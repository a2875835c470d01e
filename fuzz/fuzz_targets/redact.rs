//! A redacted text holds no value that was found, is redacted already, and stays UTF-8.
#![no_main]

use std::sync::LazyLock;

use countersign_scan::SecretScanner;
use libfuzzer_sys::fuzz_target;

static SCANNER: LazyLock<SecretScanner> =
    LazyLock::new(|| SecretScanner::builtin().expect("the built-in rules are good"));

fuzz_target!(|data: &[u8]| {
    let redacted = SCANNER.redact_bytes(data);
    for span in SCANNER.scan(data) {
        let value = &data[span.range.clone()];
        let mark = format!("[secret:{}]", span.rule);
        let holds = |text: &[u8]| text.windows(value.len()).any(|window| window == value);
        assert!(value.len() < 8 || holds(mark.as_bytes()) || !holds(&redacted));
    }
    assert_eq!(SCANNER.redact_bytes(&redacted), redacted);
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(SCANNER.redact(text).as_bytes(), &*redacted);
    }
});
