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
fn every_ignorable_and_every_format_character_is_shown() {
    // By the tables of another crate, of Unicode 16.
    let invisible = regex::Regex::new(
        r"[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Zl}\p{Zp}\p{Variation_Selector}]",
    )
    .unwrap();
    let mut buffer = [0; 4];
    let missed: Vec<String> = ('\0'..=char::MAX)
        .filter(|character| {
            invisible.is_match(character.encode_utf8(&mut buffer)) != super::is_hidden(*character)
        })
        .map(|character| character.escape_unicode().to_string())
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn escaped_json_reads_back_as_the_same_value() {
    let value = json!({ "intent": "a\u{9b}b\u{202e}c\u{7f}\u{e0041}\n" });
    let escaped = escape_json(&value.to_string());
    assert!(escaped.is_ascii(), "{escaped}");
    assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
}
