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
/// The longest entity looked at, without its `&`.
const LONGEST_ENTITY: usize = 24;

/// The text with its encodings undone one level; none where there is nothing to undo or the result would be over the limit.
pub(super) fn decode(text: &str, limit_bytes: usize) -> Option<Draft> {
    let bytes = text.as_bytes();
    let mut draft = Draft::default();
    let mut copied = 0;
    let mut at = 0;
    // Groups that begin before this were read already, and are no text.
    let mut refused = 0;
    while at < bytes.len() {
        let found = match bytes.get(at).copied().unwrap_or_default() {
            b'%' => percent(bytes, at).map(|(end, decoded)| (at, end, decoded)),
            b'&' => entity(bytes, at).map(|(end, decoded)| (at, end, decoded)),
            b'\\' => escape(bytes, at).map(|(end, decoded)| (at, end, decoded)),
            byte if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => {
                let end = run_end(bytes, at);
                let grouped = if at < refused {
                    None
                } else {
                    match groups(bytes, at) {
                        Groups::Text(end, decoded) => Some((end, decoded)),
                        // Each of its groups would be read to the same end again, for as little.
                        Groups::Noise(end) => {
                            refused = end;
                            None
                        }
                        Groups::None => None,
                    }
                };
                if let Some((end, decoded)) = grouped {
                    Some((at, end, decoded))
                } else {
                    let found = run(text, at, end);
                    if found.is_none() {
                        at = end;
                        continue;
                    }
                    found
                }
            }
            _ => None,
        };
        let Some((start, end, decoded)) = found else {
            at += 1;
            continue;
        };
        draft.copy(text, copied..start);
        draft.replace(start..end, &decoded);
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

/// The encoded text in a run of characters, from where to where. What stands before a `=` (`payload=aWdub3Jl`) is a name.
fn run(text: &str, start: usize, end: usize) -> Option<(usize, usize, String)> {
    let body = text.get(start..end)?;
    if body.len() < SHORTEST_BASE64 {
        return None;
    }
    let name = body.trim_end_matches('=').rfind('=').map_or(0, |at| at + 1);
    let body = body.get(name..)?;
    let start = start + name;
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
            return Some((start, end, decoded));
        }
    }
    let trimmed = body.trim_end_matches('=');
    // Words and paths are made of the same letters: base64 of text nearly always mixes cases or has digits.
    let upper = trimmed.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = trimmed.bytes().filter(u8::is_ascii_lowercase).count();
    if upper < 2 || lower < 2 {
        return None;
    }
    // Up to three characters before it shift all of the others.
    (0..4).find_map(|skipped| {
        let decoded = base64(trimmed.get(skipped..)?)?;
        Some((start + skipped, end, decoded))
    })
}

fn base64(body: &str) -> Option<String> {
    let usable = body.len() - usize::from(body.len() % 4 == 1);
    let usable = body.get(..usable)?;
    let engine = if usable.contains(['-', '_']) {
        &URL_SAFE
    } else {
        &STANDARD
    };
    let decoded = engine.decode(usable).ok()?;
    // UTF-16 of Latin letters is text with a zero beside each.
    let zeros = memchr::memchr_iter(0, &decoded).count();
    if zeros * 3 > decoded.len() {
        let plain: Vec<u8> = decoded.into_iter().filter(|byte| *byte != 0).collect();
        return readable(&plain, 8);
    }
    readable(&decoded, 8)
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
    // A byte that is no text must not hide the others.
    Some((at, String::from_utf8_lossy(&decoded).into_owned()))
}

fn entity(bytes: &[u8], start: usize) -> Option<(usize, String)> {
    let rest = bytes.get(start + 1..)?;
    let rest = rest.get(..rest.len().min(LONGEST_ENTITY))?;
    if let Some(number) = rest.strip_prefix(b"#") {
        let (digits, radix) = match number {
            [b'x' | b'X', digits @ ..] => (digits, 16),
            digits => (digits, 10),
        };
        let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
        let length = digits.iter().take_while(|byte| is_digit(byte)).count();
        let digits = str::from_utf8(digits.get(..length)?).ok()?;
        let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        // Browsers do without the semicolon.
        let end = start + 1 + (rest.len() - number.len()) + usize::from(radix == 16) + length;
        let end = end + usize::from(bytes.get(end) == Some(&b';'));
        return Some((end, character.to_string()));
    }
    let length = rest.iter().position(|byte| *byte == b';')?;
    let character = match rest.get(..length)? {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"quot" => '"',
        b"apos" => '\'',
        b"nbsp" | b"Tab" | b"NewLine" => ' ',
        _ => return None,
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
        b'u' if bytes.get(start + 2) == Some(&b'{') => {
            let rest = bytes.get(start + 3..)?;
            let length = rest.iter().take(7).position(|byte| *byte == b'}')?;
            let digits = str::from_utf8(rest.get(..length)?).ok()?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            Some((start + length + 4, char::from_u32(code)?.to_string()))
        }
        b'u' => {
            let code = u32::from(hex_byte(bytes, start + 2)?) << 8
                | u32::from(hex_byte(bytes, start + 4)?);
            Some((start + 6, char::from_u32(code)?.to_string()))
        }
        _ => None,
    }
}

/// What a row of groups of digits says.
enum Groups {
    /// Text, and where the row ends.
    Text(usize, String),
    /// A row that is no text, and where it ends.
    Noise(usize),
    /// There is no row.
    None,
}

/// `01101001 01100111 ...` and `69 67 6e ...`, `0x69, 0x67 ...`: at least four groups of the same width.
fn groups(bytes: &[u8], start: usize) -> Groups {
    if start > 0 && bytes.get(start - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return Groups::None;
    }
    let group = |at: usize, width: usize| -> Option<u8> {
        let part = bytes.get(at..at + width)?;
        match width {
            8 => part.iter().try_fold(0_u8, |value, byte| match byte {
                b'0' | b'1' => Some(value << 1 | (byte - b'0')),
                _ => None,
            }),
            4 => part
                .strip_prefix(b"0x")
                .and_then(|digits| hex_byte(digits, 0)),
            _ => hex_byte(part, 0),
        }
    };
    let width = [8, 4, 2]
        .into_iter()
        .find(|width| group(start, *width).is_some());
    let Some(width) = width else {
        return Groups::None;
    };
    let mut decoded = Vec::new();
    let mut at = start;
    while let Some(byte) = group(at, width) {
        let after = at + width;
        let next = bytes.get(after).copied().unwrap_or(b' ');
        if width < 8 && next.is_ascii_alphanumeric() {
            break;
        }
        decoded.push(byte);
        at = after;
        let gap = bytes.get(after..).unwrap_or_default();
        let gap = gap
            .iter()
            .take(2)
            .take_while(|byte| {
                matches!(
                    byte,
                    b' ' | b',' | b':' | b'-' | b';' | b'\n' | b'\r' | b'\t'
                )
            })
            .count();
        if gap > 0 && group(after + gap, width).is_some() {
            at = after + gap;
        } else if width < 8 || group(after, 8).is_none() {
            break;
        }
    }
    if decoded.len() < 4 {
        // Nothing to read again: it is short.
        return Groups::None;
    }
    match readable(&decoded, 4) {
        Some(text) => Groups::Text(at, text),
        None => Groups::Noise(at),
    }
}
