//! Encoders written apart from the masker's tables, the naive reference masker, and ways to cut a stream.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not see as tests"
)]

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use countersign_scan::{LeaseMasker, MASK};

/// The value in every encoding that stands alone, with a name for failures.
pub(crate) fn all(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut encoded = escapes(value);
    encoded.extend(hexes(value));
    encoded.extend(base64s(value));
    encoded
}

pub(crate) fn escapes(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut encoded = vec![
        ("plain", value.to_vec()),
        ("percent, all, lower", percent(value, |_| true, false)),
        ("percent, all, upper", percent(value, |_| true, true)),
        (
            "percent, reserved, lower",
            percent(value, is_reserved, false),
        ),
        (
            "percent, reserved, upper",
            percent(value, is_reserved, true),
        ),
        (
            "form",
            percent(value, is_reserved, true).replace_all("%20", "+"),
        ),
        (
            "form, lower",
            percent(value, is_reserved, false).replace_all("%20", "+"),
        ),
    ];
    if let Ok(text) = std::str::from_utf8(value) {
        let unicode = |upper: bool| {
            text.encode_utf16()
                .map(|unit| {
                    if upper {
                        format!("\\u{unit:04X}")
                    } else {
                        format!("\\u{unit:04x}")
                    }
                })
                .collect::<String>()
        };
        encoded.push(("JSON, all, lower", unicode(false).into()));
        encoded.push(("JSON, all, upper", unicode(true).into()));
        encoded.push(("JSON, standard", json(text, false, false).into()));
        encoded.push(("JSON, slash", json(text, true, false).into()));
        encoded.push(("JSON, ASCII", json(text, true, true).into()));
    }
    encoded
}

pub(crate) fn hexes(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let lower: String = value.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let mixed = lower.chars().enumerate().map(|(at, digit)| {
        if at % 3 == 0 {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    vec![
        ("hex, mixed", mixed.collect::<String>().into()),
        ("hex, upper", lower.to_uppercase().into()),
        ("hex, lower", lower.into()),
    ]
}

pub(crate) fn base64s(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let standard = STANDARD.encode(value);
    vec![
        ("base64 in JSON", standard.replace('/', "\\/").into()),
        (
            "base64 in a query",
            standard
                .replace('/', "%2F")
                .replace('+', "%2B")
                .replace('=', "%3D")
                .into(),
        ),
        ("base64", standard.into()),
        ("base64, unpadded", STANDARD_NO_PAD.encode(value).into()),
        ("base64, URL-safe", URL_SAFE.encode(value).into()),
        (
            "base64, URL-safe, unpadded",
            URL_SAFE_NO_PAD.encode(value).into(),
        ),
    ]
}

trait ReplaceAll {
    fn replace_all(self, from: &str, to: &str) -> Vec<u8>;
}

impl ReplaceAll for Vec<u8> {
    fn replace_all(self, from: &str, to: &str) -> Vec<u8> {
        String::from_utf8(self).unwrap().replace(from, to).into()
    }
}

fn is_reserved(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn percent(value: &[u8], escape: impl Fn(u8) -> bool, upper: bool) -> Vec<u8> {
    let mut text = String::new();
    for &byte in value {
        match (escape(byte) || !byte.is_ascii(), upper) {
            (true, true) => write!(text, "%{byte:02X}").unwrap(),
            (true, false) => write!(text, "%{byte:02x}").unwrap(),
            (false, _) => text.push(char::from(byte)),
        }
    }
    text.into()
}

fn json(text: &str, slash: bool, ascii: bool) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '/' if slash => escaped.push_str("\\/"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            _ if character < ' ' || (ascii && !character.is_ascii()) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(escaped, "\\u{unit:04x}").unwrap();
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Masks by decoding at every position, and covers whatever overlaps with one mark. For ASCII values; knows no base64.
pub(crate) fn reference(text: &[u8], values: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut covered = 0;
    for at in 0..text.len() {
        let rest = &text[at..];
        let longest = values
            .iter()
            .filter_map(|value| escaped_length(value, rest).max(hex_length(value, rest)))
            .max();
        if let Some(length) = longest {
            if at >= covered {
                out.extend_from_slice(MASK);
            }
            covered = covered.max(at + length);
        }
        if at >= covered {
            out.push(text[at]);
        }
    }
    out
}

/// The longest start of `text` that is `value` with any bytes escaped.
fn escaped_length(value: &[u8], text: &[u8]) -> Option<usize> {
    let Some((&byte, others)) = value.split_first() else {
        return Some(0);
    };
    let hex = |range: std::ops::Range<usize>| {
        let digits = std::str::from_utf8(text.get(range)?).ok()?;
        digits
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).unwrap())
    };
    let readings = [
        (1, text.first().map(|&found| u32::from(found))),
        (1, text.starts_with(b"+").then_some(u32::from(b' '))),
        (
            2,
            text.starts_with(b"\\")
                .then(|| {
                    text.get(1)
                        .filter(|letter| b"\"\\/".contains(letter))
                        .map(|&c| u32::from(c))
                })
                .flatten(),
        ),
        (3, text.starts_with(b"%").then(|| hex(1..3)).flatten()),
        (6, text.starts_with(b"\\u").then(|| hex(2..6)).flatten()),
    ];
    readings
        .into_iter()
        .filter(|(_, reading)| *reading == Some(u32::from(byte)))
        .filter_map(|(length, _)| Some(length + escaped_length(others, &text[length..])?))
        .max()
}

fn hex_length(value: &[u8], text: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(text.get(..value.len() * 2)?).ok()?;
    digits
        .eq_ignore_ascii_case(std::str::from_utf8(&hexes(value)[0].1).unwrap())
        .then_some(digits.len())
}

/// Feeds `text` in the given pieces (the sizes repeat) and answers the output.
pub(crate) fn masked_in_chunks(masker: &mut LeaseMasker, text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at(size.clamp(1, rest.len()));
        masker.push(chunk, &mut out);
        rest = after;
    }
    masker.finish(&mut out);
    assert_eq!(masker.held_bytes(), 0);
    out
}

/// The same through the buffer interface.
pub(crate) fn masked_in_buffers(masker: &mut LeaseMasker, text: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in text.chunks(size.max(1)) {
        out.extend_from_slice(&masker.mask_chunk(bytes::Bytes::copy_from_slice(chunk)));
    }
    out.extend_from_slice(&masker.finish_chunk());
    out
}

pub(crate) fn masker(value: &[u8]) -> LeaseMasker {
    LeaseMasker::new(&[("secret", value)])
}

/// Readable in a failure.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
