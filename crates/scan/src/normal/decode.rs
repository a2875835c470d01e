//! Undoes encodings in place: base64, hex, percent, HTML entities, backslash escapes, binary digits.
//!
//! A run is replaced only where what it decodes to reads as text; all else stays.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::view::Draft;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Shortest base64 run looked at: nine bytes of text.
const SHORTEST_BASE64: usize = 12;
/// Shortest row of hex digits looked at: six bytes of text.
const SHORTEST_HEX: usize = 12;

/// The text with its encodings undone one level; none where there is nothing to undo or the result would be over the limit.
pub(super) fn decode(text: &str, limit_bytes: usize) -> Option<Draft> {
    let bytes = text.as_bytes();
    let mut draft = Draft::default();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let found = match bytes.get(at).copied().unwrap_or_default() {
            b'%' => percent(bytes, at),
            b'&' => entity(text, at),
            b'\\' => escape(bytes, at),
            byte if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => {
                let end = run_end(bytes, at);
                let found = binary_or_spaced_hex(bytes, at).or_else(|| run(text, at, end));
                if found.is_none() {
                    at = end;
                    continue;
                }
                found
            }
            _ => None,
        };
        let Some((end, decoded)) = found else {
            at += 1;
            continue;
        };
        draft.copy(text, copied..at);
        draft.replace(at..end, &decoded);
        copied = end;
        at = end;
        if draft.text.len() > limit_bytes {
            return None;
        }
    }
    if draft.stretches.iter().all(|stretch| stretch.exact) {
        return None;
    }
    draft.copy(text, copied..text.len());
    (draft.text.len() <= limit_bytes).then_some(draft)
}

fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while bytes.get(end).is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
    }) {
        end += 1;
    }
    end.max(start + 1)
}

fn run(text: &str, start: usize, end: usize) -> Option<(usize, String)> {
    let body = text.get(start..end)?;
    if body.len() < SHORTEST_BASE64 {
        return None;
    }
    let hex = body.strip_prefix("0x").unwrap_or(body);
    if hex.len() >= SHORTEST_HEX
        && hex.len() % 2 == 0
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        let decoded: Vec<u8> = hex
            .as_bytes()
            .chunks_exact(2)
            .filter_map(|pair| Some(nibble(*pair.first()?)? << 4 | nibble(*pair.get(1)?)?))
            .collect();
        if let Some(decoded) = readable(&decoded, 5) {
            return Some((end, decoded));
        }
    }
    let trimmed = body.trim_end_matches('=');
    // Words and paths are made of the same letters: base64 of text nearly always mixes cases or has digits.
    let upper = trimmed.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = trimmed.bytes().filter(u8::is_ascii_lowercase).count();
    if upper < 2 || lower < 2 {
        return None;
    }
    let usable = trimmed.len() - usize::from(trimmed.len() % 4 == 1);
    let usable = trimmed.get(..usable)?;
    let decoded = STANDARD
        .decode(usable)
        .or_else(|_| URL_SAFE.decode(usable))
        .ok()?;
    Some((end, readable(&decoded, 8)?))
}

/// Bytes that read as text, with a space around them.
fn readable(bytes: &[u8], shortest: usize) -> Option<String> {
    if bytes.len() < shortest {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let total = text.chars().count();
    let good = text
        .chars()
        .filter(|character| {
            character.is_alphanumeric() && *character != char::REPLACEMENT_CHARACTER
                || matches!(character, ' '..='~' | '\n' | '\t' | '\r')
        })
        .count();
    let letters = text
        .chars()
        .filter(|character| character.is_alphabetic() || *character == ' ')
        .count();
    (good * 20 >= total * 19 && letters * 2 >= total).then(|| format!(" {text} "))
}

fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn hex_byte(bytes: &[u8], at: usize) -> Option<u8> {
    Some(nibble(*bytes.get(at)?)? << 4 | nibble(*bytes.get(at + 1)?)?)
}

/// A row of percent escapes, whose bytes form text together.
fn percent(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    let mut decoded = Vec::new();
    let mut at = start;
    while bytes.get(at) == Some(&b'%') {
        let Some(byte) = hex_byte(bytes, at + 1) else {
            break;
        };
        decoded.push(byte);
        at += 3;
    }
    if decoded.is_empty() {
        return None;
    }
    Some((at, String::from_utf8(decoded).ok()?))
}

fn entity(text: &str, start: usize) -> Option<(usize, String)> {
    let rest: &str = text.get(start + 1..)?;
    let bytes = rest.as_bytes();
    let length = bytes.iter().take(12).position(|byte| *byte == b';')?;
    let body = rest.get(..length)?;
    let character = match body {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "Tab" | "NewLine" => ' ',
        _ => {
            let number = body.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((start + length + 2, character.to_string()))
}

/// `\xNN`, `\uNNNN` and `\u{N}`.
fn escape(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    match bytes.get(start + 1)? {
        b'x' => {
            let byte = hex_byte(bytes, start + 2)?;
            let character = char::from(byte);
            (byte < 0x80).then(|| (start + 4, character.to_string()))
        }
        b'u' => {
            let code = u32::from(hex_byte(bytes, start + 2)?) << 8
                | u32::from(hex_byte(bytes, start + 4)?);
            Some((start + 6, char::from_u32(code)?.to_string()))
        }
        _ => None,
    }
}

/// `01101001 01100111 ...` and `69 67 6e ...`: at least four groups of the same width.
fn binary_or_spaced_hex(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    if start > 0 && bytes.get(start - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let group = |at: usize, width: usize| -> Option<u8> {
        let part = bytes.get(at..at + width)?;
        if width == 8 {
            part.iter().try_fold(0_u8, |value, byte| match byte {
                b'0' | b'1' => Some(value << 1 | (byte - b'0')),
                _ => None,
            })
        } else {
            hex_byte(part, 0)
        }
    };
    let width = if group(start, 8).is_some() { 8 } else { 2 };
    let mut decoded = Vec::new();
    let mut at = start;
    while let Some(byte) = group(at, width) {
        let after = at + width;
        let next = bytes.get(after).copied().unwrap_or(b' ');
        if width == 2 && next.is_ascii_alphanumeric() {
            break;
        }
        decoded.push(byte);
        at = after;
        if matches!(next, b' ' | b',' | b':' | b'-') && group(after + 1, width).is_some() {
            at = after + 1;
        } else if width == 2 || group(after, 8).is_none() {
            break;
        }
    }
    if decoded.len() < 4 {
        return None;
    }
    Some((at, readable(&decoded, 4)?))
}
