//! Disguises a text as attackers do: for training and for measuring what disguises cost.

use std::fmt::Write as _;

use super::random::Random;

/// The disguises.
pub(super) const ALL: [&str; 11] = [
    "full-width",
    "look-alikes",
    "zero-width",
    "leet",
    "base64",
    "spaced letters",
    "random case",
    "rot13",
    "reversed",
    "hex",
    "percent",
];

/// A text in one disguise.
#[expect(clippy::too_many_lines, reason = "one arm for each disguise")]
pub(super) fn apply(name: &str, text: &str) -> String {
    let mut random = Random::of(text);
    match name {
        "full-width" => text
            .chars()
            .map(|character| match character {
                '!'..='~' => char::from_u32(u32::from(character) + 0xFEE0).unwrap_or(character),
                other => other,
            })
            .collect(),
        "look-alikes" => text
            .chars()
            .map(|character| match character {
                'a' => 'а',
                'e' => 'е',
                'o' => 'о',
                'p' => 'р',
                'c' => 'с',
                'i' => 'і',
                'x' => 'х',
                'y' => 'у',
                'A' => 'А',
                'E' => 'Е',
                'O' => 'О',
                'P' => 'Р',
                'C' => 'С',
                'I' => 'І',
                'T' => 'Т',
                'S' => 'Ѕ',
                other => other,
            })
            .collect(),
        "zero-width" => {
            let mut out = String::with_capacity(text.len() * 2);
            for character in text.chars() {
                out.push(character);
                if character.is_alphanumeric() && random.below(2) == 0 {
                    out.push(
                        *random
                            .pick(&['\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}'])
                            .unwrap_or(&'\u{200B}'),
                    );
                }
            }
            out
        }
        "leet" => text
            .chars()
            .map(|character| match character.to_ascii_lowercase() {
                'a' => '4',
                'e' => '3',
                'i' => '1',
                'o' => '0',
                's' => '5',
                't' => '7',
                _ => character,
            })
            .collect(),
        "base64" => base64(text.as_bytes()),
        "spaced letters" => {
            let mut out = String::new();
            for character in text.chars() {
                if !out.is_empty() {
                    out.push(' ');
                }
                out.push(character);
            }
            out
        }
        "random case" => text
            .chars()
            .map(|character| {
                if random.below(2) == 0 {
                    character.to_ascii_uppercase()
                } else {
                    character.to_ascii_lowercase()
                }
            })
            .collect(),
        "rot13" => text
            .chars()
            .map(|character| match character {
                'a'..='m' | 'A'..='M' => {
                    char::from_u32(u32::from(character) + 13).unwrap_or(character)
                }
                'n'..='z' | 'N'..='Z' => {
                    char::from_u32(u32::from(character) - 13).unwrap_or(character)
                }
                other => other,
            })
            .collect(),
        "reversed" => text.chars().rev().collect(),
        "hex" => hex(text),
        "percent" => text
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() && random.below(3) > 0 {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect(),
        _ => text.to_owned(),
    }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (group >> (18 - 6 * place)) & 63;
                out.push(char::from(
                    ALPHABET.get(index as usize).copied().unwrap_or(b'A'),
                ));
            } else {
                out.push('=');
            }
        }
    }
    out
}
