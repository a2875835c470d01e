//! Splits a text into words, numbers and signs, each with its hash and ideas.

use super::{hash, lexicon::Lexicon};

/// One word, number or sign of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Hash of the lower-cased word.
    pub hash: u64,
    /// Hash of its first five bytes, 0 for shorter words.
    pub stem: u64,
    /// The ideas that it carries, by bit.
    pub concepts: u64,
    /// First byte in the text.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
    /// What it is.
    pub kind: Kind,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word in lower or mixed case.
    Word,
    /// A word of at least two capitals.
    Capitals,
    /// A word, or a character of a script without gaps, outside of ASCII.
    Foreign,
    /// A number.
    Number,
    /// A sign; a row of the same sign is one.
    Sign(u8),
}

const OTHER: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const SIGN: u8 = 3;
const HIGH: u8 = 4;

const CLASSES: [u8; 256] = classes();

#[expect(clippy::cast_possible_truncation, reason = "the index is below 256")]
const fn classes() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        table[index] = if byte.is_ascii_alphabetic() {
            LETTER
        } else if byte.is_ascii_digit() {
            DIGIT
        } else if byte >= 0x80 {
            HIGH
        } else if matches!(
            byte,
            b'?' | b'!'
                | b':'
                | b'<'
                | b'>'
                | b'{'
                | b'}'
                | b'$'
                | b'|'
                | b'`'
                | b'#'
                | b'*'
                | b'='
                | b';'
                | b'&'
                | b'['
                | b']'
                | b'/'
                | b'\\'
                | b'('
                | b')'
                | b'"'
                | b'%'
                | b'@'
                | b'~'
                | b'\n'
        ) {
            SIGN
        } else {
            OTHER
        };
        index += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The tokens of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    list: Vec<Token>,
}

impl Tokens {
    /// Splits a text of less than 4 GiB; what is beyond is left out.
    pub fn of(text: &str, lexicon: &Lexicon) -> Self {
        let mut list = Vec::with_capacity(text.len() / 5 + 4);
        split(text, lexicon, &mut list);
        lexicon.mark_phrases(&mut list);
        Self { list }
    }

    /// The tokens in order.
    pub fn list(&self) -> &[Token] {
        &self.list
    }
}

/// Splits without phrases: what the lexicon itself uses for its entries.
#[expect(
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "callers cut text to blocks far below 4 GiB; one loop over the classes of bytes"
)]
pub(super) fn split(text: &str, lexicon: &Lexicon, list: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        match class(byte) {
            LETTER => {
                let mut hash = hash::START;
                let mut stem = 0;
                let mut concepts = 0;
                let mut capitals = 0_usize;
                let mut foreign = false;
                while let Some(&byte) = bytes.get(at) {
                    let class = class(byte);
                    let letter = match class {
                        LETTER => {
                            capitals += usize::from(byte & 0x20 == 0);
                            byte | 0x20
                        }
                        DIGIT => byte,
                        HIGH => {
                            if is_gapless(text, at) {
                                break;
                            }
                            foreign = true;
                            byte
                        }
                        _ if byte == b'\''
                            && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) =>
                        {
                            byte
                        }
                        _ => break,
                    };
                    hash = hash::add(hash, letter);
                    at += 1;
                    let length = at - start;
                    if length >= 4 {
                        concepts |= lexicon.stem(hash);
                        if length == 5 {
                            stem = hash;
                        }
                    }
                }
                concepts |= lexicon.word(hash);
                let length = at - start;
                if concepts == 0 && (5..=20).contains(&length) {
                    concepts = lexicon.misspelt(bytes.get(start..at).unwrap_or_default());
                }
                if length == 5 {
                    stem = 0;
                }
                let kind = if foreign {
                    Kind::Foreign
                } else if length > 1 && capitals == length {
                    Kind::Capitals
                } else {
                    Kind::Word
                };
                list.push(Token {
                    hash,
                    stem,
                    concepts,
                    start: start as u32,
                    end: at as u32,
                    kind,
                });
            }
            DIGIT => {
                while bytes.get(at).is_some_and(|byte| class(*byte) == DIGIT) {
                    at += 1;
                }
                let hash = hash::add(hash::add(hash::START, b'0'), (at - start).min(9) as u8);
                let whole = bytes
                    .get(start..at)
                    .unwrap_or_default()
                    .iter()
                    .fold(hash::START, |hash, byte| hash::add(hash, *byte));
                list.push(Token {
                    hash,
                    stem: 0,
                    concepts: lexicon.word(whole),
                    start: start as u32,
                    end: at as u32,
                    kind: Kind::Number,
                });
            }
            SIGN => {
                while bytes.get(at) == Some(&byte) {
                    at += 1;
                }
                let hash = hash::add(hash::add(hash::START, byte), (at - start).min(4) as u8);
                list.push(Token {
                    hash,
                    stem: 0,
                    concepts: 0,
                    start: start as u32,
                    end: at as u32,
                    kind: Kind::Sign(byte),
                });
            }
            HIGH => foreign(text, &mut at, lexicon, list),
            _ => at += 1,
        }
    }
}

/// A word that begins outside of ASCII, or one character of a script without gaps.
#[expect(
    clippy::cast_possible_truncation,
    reason = "callers cut text to blocks far below 4 GiB"
)]
fn foreign(text: &str, at: &mut usize, lexicon: &Lexicon, list: &mut Vec<Token>) {
    let start = *at;
    let Some(first) = text.get(start..).and_then(|rest| rest.chars().next()) else {
        *at += 1;
        return;
    };
    if !first.is_alphanumeric() {
        *at += first.len_utf8();
        return;
    }
    let bytes = text.as_bytes();
    let mut hash = hash::START;
    let mut stem = 0;
    let mut concepts = 0;
    if gapless(first) {
        *at += first.len_utf8();
        for byte in bytes.get(start..*at).unwrap_or_default() {
            hash = hash::add(hash, *byte);
        }
    } else {
        for (offset, character) in text.get(start..).unwrap_or_default().char_indices() {
            if !(character.is_alphanumeric() || is_joining(character)) || gapless(character) {
                break;
            }
            let from = start + offset;
            *at = from + character.len_utf8();
            for byte in bytes.get(from..*at).unwrap_or_default() {
                hash = hash::add(hash, byte.to_ascii_lowercase());
                if *at - start >= 4 {
                    concepts |= lexicon.stem(hash);
                }
            }
            if stem == 0 && *at - start >= 8 {
                stem = hash;
            }
        }
    }
    concepts |= lexicon.word(hash);
    list.push(Token {
        hash,
        stem,
        concepts,
        start: start as u32,
        end: *at as u32,
        kind: Kind::Foreign,
    });
}

/// Vowel signs and viramas of Indic and Thai scripts continue a word.
fn is_joining(character: char) -> bool {
    matches!(character, '\u{0900}'..='\u{0DFF}' | '\u{0E30}'..='\u{0E4E}' | '\u{064B}'..='\u{065F}')
}

fn gapless(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{0E00}'..='\u{0E7F}')
}

fn is_gapless(text: &str, at: usize) -> bool {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|character| gapless(character) || !character.is_alphanumeric())
}
