//! How a value may be spelled in a stream: the only place that knows the encodings.
//!
//! A value in an [`Encoding`] is a row of units (bytes, or base64 characters), and each unit has a few spellings. Both the
//! filter and the matcher are derived from these, so they can't disagree, and no encoded copy of a secret is ever stored.

use std::str;

/// Values shorter than this are not looked for in base16: four digits occur by chance in any dump or number.
pub(super) const SHORTEST_HEX_VALUE_BYTES: usize = 4;

/// Base64 is looked for only if at least this many characters depend on nothing but the value.
pub(super) const SHORTEST_BASE64_CHARACTERS: usize = 4;

/// An astral character as two JSON escapes: `\ud83d\ude00`.
const LONGEST_SPELLING_BYTES: usize = 12;

const BASE64_ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Whether a spelling stands at the start of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// All of it.
    Whole,
    /// The text ends inside it.
    Cut,
    /// Something else stands there.
    No,
}

/// One way to write a unit, and how many units it covers.
pub(super) struct Spelling {
    bytes: [u8; LONGEST_SPELLING_BYTES],
    /// Bit N: the case of byte N, a base16 digit kept in lower case, does not matter.
    folded: u16,
    length: usize,
    units: usize,
}

impl Spelling {
    fn new(units: usize) -> Self {
        Self {
            bytes: [0; LONGEST_SPELLING_BYTES],
            folded: 0,
            length: 0,
            units,
        }
    }

    fn literal(mut self, bytes: &[u8]) -> Self {
        for (slot, byte) in self.bytes.iter_mut().skip(self.length).zip(bytes) {
            *slot = *byte;
            self.length += 1;
        }
        self
    }

    fn digit(mut self, nibble: u8) -> Self {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = HEX_DIGITS[usize::from(nibble & 15)];
            self.folded |= 1 << self.length;
            self.length += 1;
        }
        self
    }

    fn hex(self, byte: u8) -> Self {
        self.digit(byte >> 4).digit(byte)
    }

    fn unicode_escape(self, unit: u16) -> Self {
        let [high, low] = unit.to_be_bytes();
        self.literal(b"\\u").hex(high).hex(low)
    }

    /// Bytes of text that the spelling takes.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Units of the value that the spelling stands for, at least one.
    pub(super) fn units(&self) -> usize {
        self.units
    }

    /// The one or two (equal or not) bytes that may stand at each place of the spelling, in order.
    pub(super) fn accepted(&self) -> impl Iterator<Item = [u8; 2]> {
        self.bytes
            .iter()
            .take(self.length)
            .enumerate()
            .map(|(place, &byte)| {
                if self.folded >> place & 1 == 1 {
                    [byte, byte.to_ascii_uppercase()]
                } else {
                    [byte, byte]
                }
            })
    }

    /// Compares the spelling with the start of `text`.
    pub(super) fn fit(&self, text: &[u8]) -> Fit {
        for (place, &expected) in self.bytes.iter().take(self.length).enumerate() {
            let Some(&found) = text.get(place) else {
                return Fit::Cut;
            };
            let found = if self.folded >> place & 1 == 1 {
                found.to_ascii_lowercase()
            } else {
                found
            };
            if found != expected {
                return Fit::No;
            }
        }
        Fit::Whole
    }
}

/// Where an occurrence ends, once all its units have been read.
pub(super) struct Ending {
    /// Position in the text after the last byte that certainly belongs to the occurrence.
    pub(super) at: usize,
    /// More text could move the end further.
    pub(super) open: bool,
}

/// A family of spellings of a whole value.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    /// Every byte plain, percent-encoded, JSON-escaped or, where HTML needs it, an entity.
    Escaped,
    /// Two base16 digits for every byte.
    Hex,
    /// Base64 of a text in which this many bytes, modulo 3, precede the value.
    Base64(Alignment),
}

/// Bytes before the value in its first group of three.
#[derive(Clone, Copy)]
pub(super) enum Alignment {
    Zero,
    One,
    Two,
}

impl Alignment {
    /// Bits of the value that share a base64 character with what precedes it.
    fn shared_bits(self) -> usize {
        match self {
            Self::Zero => 0,
            Self::One => 4,
            Self::Two => 2,
        }
    }

    /// Bits of the value after its last whole character: 0, 2 or 4.
    fn leftover_bits(self, value: &[u8]) -> usize {
        (value.len() * 8).saturating_sub(self.shared_bits()) % 6
    }
}

impl Encoding {
    /// Every encoding that is looked for.
    pub(super) const ALL: [Self; 5] = [
        Self::Escaped,
        Self::Hex,
        Self::Base64(Alignment::Zero),
        Self::Base64(Alignment::One),
        Self::Base64(Alignment::Two),
    ];

    /// Whether the value is long enough for the encoding to be recognised without masking chance text.
    pub(super) fn applies(self, value: &[u8]) -> bool {
        match self {
            Self::Escaped => !value.is_empty(),
            Self::Hex => value.len() >= SHORTEST_HEX_VALUE_BYTES,
            Self::Base64(_) => self.unit_count(value) >= SHORTEST_BASE64_CHARACTERS,
        }
    }

    /// How many units the value has.
    pub(super) fn unit_count(self, value: &[u8]) -> usize {
        match self {
            Self::Escaped | Self::Hex => value.len(),
            Self::Base64(alignment) => {
                (value.len() * 8).saturating_sub(alignment.shared_bits()) / 6
            }
        }
    }

    /// Shows `visit` each way to write unit `unit` of `value`. Nothing is shown beyond the last unit.
    pub(super) fn spellings(self, value: &[u8], unit: usize, visit: impl FnMut(&Spelling)) {
        match self {
            Self::Escaped => escaped_spellings(value, unit, visit),
            Self::Hex => hex_spellings(value, unit, visit),
            Self::Base64(alignment) => {
                base64_spellings(sextet(value, alignment.shared_bits() + unit * 6), visit);
            }
        }
    }

    /// The end of an occurrence whose units end at `at`. `last`: no more text will come.
    pub(super) fn ending(self, value: &[u8], text: &[u8], at: usize, last: bool) -> Ending {
        match self {
            Self::Escaped | Self::Hex => Ending { at, open: false },
            Self::Base64(alignment) => base64_ending(alignment, value, text, at, last),
        }
    }
}

/// No spelling of a value of this length, in any encoding, takes more bytes than this.
///
/// The worst is a base64 character (6 bits) written as a JSON escape (6 bytes), then one more and two escaped pads.
pub(super) fn longest_occurrence_bytes(value_bytes: usize) -> usize {
    value_bytes.saturating_mul(8).saturating_add(16)
}

fn escaped_spellings(value: &[u8], unit: usize, mut visit: impl FnMut(&Spelling)) {
    let Some(&byte) = value.get(unit) else { return };
    visit(&Spelling::new(1).literal(&[byte]));
    visit(&Spelling::new(1).literal(b"%").hex(byte));
    visit(&Spelling::new(1).unicode_escape(u16::from(byte)));
    if byte == b' ' {
        visit(&Spelling::new(1).literal(b"+"));
    }
    for entity in html_entities(byte) {
        visit(&Spelling::new(1).literal(entity));
    }
    if let Some(letter) = json_short_escape(byte) {
        visit(&Spelling::new(1).literal(&[b'\\', letter]));
    }
    if let Some((character, width)) = wide_character(value, unit) {
        let mut code_units = [0; 2];
        let spelling = character
            .encode_utf16(&mut code_units)
            .iter()
            .fold(Spelling::new(width), |spelling, &code_unit| {
                spelling.unicode_escape(code_unit)
            });
        visit(&spelling);
    }
}

/// How the characters that mean something in HTML are written in it.
fn html_entities(byte: u8) -> &'static [&'static [u8]] {
    match byte {
        b'&' => &[b"&amp;", b"&#38;", b"&#x26;"],
        b'<' => &[b"&lt;", b"&#60;", b"&#x3c;", b"&#x3C;"],
        b'>' => &[b"&gt;", b"&#62;", b"&#x3e;", b"&#x3E;"],
        b'"' => &[b"&quot;", b"&#34;", b"&#x22;"],
        b'\'' => &[b"&apos;", b"&#39;", b"&#x27;"],
        b'/' => &[b"&#47;", b"&#x2f;", b"&#x2F;"],
        b'=' => &[b"&#61;", b"&#x3d;", b"&#x3D;"],
        b'+' => &[b"&#43;", b"&#x2b;", b"&#x2B;"],
        _ => &[],
    }
}

fn json_short_escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' | b'/' => Some(byte),
        0x08 => Some(b'b'),
        0x0c => Some(b'f'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        _ => None,
    }
}

/// The character of more than one byte that starts at `at`, and its bytes.
fn wide_character(value: &[u8], at: usize) -> Option<(char, usize)> {
    let width = match value.get(at)? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let text = str::from_utf8(value.get(at..at + width)?).ok()?;
    Some((text.chars().next()?, width))
}

fn hex_spellings(value: &[u8], unit: usize, mut visit: impl FnMut(&Spelling)) {
    if let Some(&byte) = value.get(unit) {
        visit(&Spelling::new(1).hex(byte));
    }
}

/// The six bits of `value` from `bit` on, filled up with zeros behind its end.
fn sextet(value: &[u8], bit: usize) -> u8 {
    let byte = |index: usize| value.get(index).copied().unwrap_or(0);
    let pair = u16::from_be_bytes([byte(bit / 8), byte(bit / 8 + 1)]);
    let [_, low] = (pair >> (10 - bit % 8)).to_be_bytes();
    low & 63
}

fn base64_spellings(sextet: u8, mut visit: impl FnMut(&Spelling)) {
    let character = BASE64_ALPHABET[usize::from(sextet & 63)];
    visit(&Spelling::new(1).literal(&[character]));
    let url_safe = match character {
        b'+' => b'-',
        b'/' => {
            visit(&Spelling::new(1).literal(b"\\/"));
            b'_'
        }
        _ => return,
    };
    visit(&Spelling::new(1).literal(&[url_safe]));
    visit(&Spelling::new(1).literal(b"%").hex(character));
    visit(&Spelling::new(1).unicode_escape(u16::from(character)));
}

/// The value may be the end of the encoded text. Then its last bits stand in a character of their own, filled up with
/// zeros, and pads may follow. The character belongs to the value only if no letter or digit follows: else it probably
/// carries bits of a neighbour as well.
fn base64_ending(alignment: Alignment, value: &[u8], text: &[u8], at: usize, last: bool) -> Ending {
    let leftover_bits = alignment.leftover_bits(value);
    if leftover_bits == 0 {
        return Ending { at, open: false };
    }
    let tail = BASE64_ALPHABET[usize::from(sextet(value, value.len() * 8 - leftover_bits))];
    match (text.get(at), text.get(at + 1)) {
        (None, _) => Ending { at, open: !last },
        (Some(found), _) if *found != tail => Ending { at, open: false },
        (Some(_), None) if !last => Ending { at, open: true },
        (Some(_), Some(next)) if next.is_ascii_alphanumeric() => Ending { at, open: false },
        (Some(_), _) => base64_pads(if leftover_bits == 2 { 2 } else { 1 }, text, at + 1, last),
    }
}

fn base64_pads(most: usize, text: &[u8], mut at: usize, last: bool) -> Ending {
    let spellings = [
        Spelling::new(1).literal(b"="),
        Spelling::new(1).literal(b"%").hex(b'='),
        Spelling::new(1).unicode_escape(u16::from(b'=')),
    ];
    for _ in 0..most {
        let rest = text.get(at..).unwrap_or_default();
        let Some(pad) = spellings
            .iter()
            .find(|spelling| spelling.fit(rest) == Fit::Whole)
        else {
            let cut = spellings
                .iter()
                .any(|spelling| spelling.fit(rest) == Fit::Cut);
            return Ending {
                at,
                open: cut && !last,
            };
        };
        at += pad.length();
    }
    Ending { at, open: false }
}
