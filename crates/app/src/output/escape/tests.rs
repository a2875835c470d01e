//! Requirement 45: control characters are escaped wherever text is shown.

use serde_json::{Value, json};

use super::{escape, json as escape_json};

#[test]
fn ordinary_text_stays_as_it_is() {
    assert_eq!(
        escape("GET /charges/ch_1 für 500 €"),
        "GET /charges/ch_1 für 500 €"
    );
}

#[test]
fn a_terminal_sequence_is_shown_not_obeyed() {
    assert_eq!(escape("\u{1b}[2Jok\r\n"), "\\u{1b}[2Jok\\u{d}\\u{a}");
    assert_eq!(escape("\u{9b}31m"), "\\u{9b}31m");
}

#[test]
fn invisible_and_reordering_characters_are_shown() {
    for character in [
        '\u{202e}',
        '\u{2066}',
        '\u{200b}',
        '\u{feff}',
        '\u{e0041}',
        '\u{ad}',
        '\u{3164}',
    ] {
        let text = format!("a{character}b");
        assert_eq!(escape(&text), format!("a{}b", character.escape_unicode()));
    }
}

#[test]
fn escaped_json_reads_back_as_the_same_value() {
    let value = json!({ "intent": "a\u{9b}b\u{202e}c\u{7f}\u{e0041}\n" });
    let escaped = escape_json(&value.to_string());
    assert!(escaped.is_ascii(), "{escaped}");
    assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
}
