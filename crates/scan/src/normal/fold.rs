//! Folds characters: compatibility forms, marks, invisible characters, look-alikes.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_security::confusable_detection::skeleton;

use super::view::Draft;

/// What folding met on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Characters left out because a reader doesn't see them, and tag characters.
    pub(super) invisible: usize,
    /// Letters replaced by the Latin ones they look like.
    pub(super) look_alikes: usize,
}

/// Folds a text.
#[expect(
    clippy::too_many_lines,
    reason = "one loop over the kinds of characters"
)]
pub(super) fn fold(text: &str) -> (Draft, Seen) {
    let mut draft = Draft {
        text: String::with_capacity(text.len()),
        stretches: Vec::new(),
    };
    let mut seen = Seen::default();
    let mut word = Word::default();
    // Text that is mostly written in Latin letters: a word of look-alikes only is then a disguise, not a word of its language.
    let ascii_letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let high = text.bytes().filter(|byte| *byte >= 0xC0).count();
    let latin = ascii_letters > high;
    let mut plain_from = 0;
    let mut follows_latin = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map_or(text.len(), |(next, _)| *next);
        // A control character takes no place on a screen either, and a mark of any script on a Latin letter hides nothing but it.
        // Neither counts as invisible: terminals and wrong encodings have them, too.
        if is_hidden_control(character) || (is_foreign_mark(character) && follows_latin) {
            if word.open {
                continue;
            }
            open_word(&mut draft, &mut word, text, &mut plain_from, at);
            plain_from = next;
            continue;
        }
        follows_latin = character.is_ascii()
            || matches!(character, '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}')
            || (follows_latin && is_mark(character));
        if character.is_ascii() {
            if !character.is_ascii_alphanumeric() {
                flush(
                    &mut draft,
                    &mut word,
                    text,
                    latin,
                    &mut seen,
                    &mut plain_from,
                    at,
                );
            } else if word.open {
                word.latin |= character.is_ascii_alphabetic();
                word.push(at, next, character);
            } else if !word.open {
                // An ASCII word may turn out to hold look-alikes later: remember where it began.
                if word.ascii_from.is_none() {
                    word.ascii_from = Some(at);
                }
            }
            continue;
        }
        if let Some(tag) = tag_character(character) {
            close_plain(
                &mut draft,
                &mut word,
                text,
                latin,
                &mut seen,
                &mut plain_from,
                at,
                next,
            );
            seen.invisible += 1;
            if let Some(tag) = tag {
                let mut buffer = [0; 4];
                draft.replace(at..next, tag.encode_utf8(&mut buffer));
            }
            continue;
        }
        if is_invisible(character) {
            seen.invisible += 1;
            // Inside of a word it is left out and the word goes on.
            if word.open {
                continue;
            }
            open_word(&mut draft, &mut word, text, &mut plain_from, at);
            plain_from = next;
            continue;
        }
        if is_unified(character) {
            flush(
                &mut draft,
                &mut word,
                text,
                latin,
                &mut seen,
                &mut plain_from,
                at,
            );
            continue;
        }
        if let Some(letter) = styled(character) {
            open_word(&mut draft, &mut word, text, &mut plain_from, at);
            seen.look_alikes += 1;
            word.latin = true;
            word.push(at, next, letter);
            plain_from = next;
            continue;
        }
        let alphabetic = character.is_alphanumeric() || is_mark(character);
        if alphabetic {
            open_word(&mut draft, &mut word, text, &mut plain_from, at);
            let mut parts = 0;
            decompose_compatible(character, |_| parts += 1);
            if parts > MOST_PARTS {
                // One character that stands for a sentence: as it is, or it would use up the room that other views have.
                word.push(at, next, character);
            } else {
                decompose_compatible(character, |part| {
                    if !is_mark(part) {
                        for lower in part.to_lowercase() {
                            word.latin |= lower.is_ascii_alphabetic();
                            word.push(at, next, lower);
                        }
                    }
                });
            }
            plain_from = next;
        } else {
            close_plain(
                &mut draft,
                &mut word,
                text,
                latin,
                &mut seen,
                &mut plain_from,
                at,
                next,
            );
            let mut folded = String::new();
            decompose_compatible(character, |part| {
                if !is_mark(part) {
                    folded.push(punctuation(part));
                }
            });
            draft.replace(at..next, &folded);
        }
    }
    flush(
        &mut draft,
        &mut word,
        text,
        latin,
        &mut seen,
        &mut plain_from,
        text.len(),
    );
    draft.copy(text, plain_from..text.len());
    (draft, seen)
}

/// A word with characters outside of ASCII, until its end is known.
#[derive(Debug, Default)]
struct Word {
    open: bool,
    latin: bool,
    ascii_from: Option<usize>,
    letters: Vec<(usize, usize, char)>,
}

impl Word {
    fn push(&mut self, from: usize, to: usize, character: char) {
        self.letters.push((from, to, character));
    }
}

/// Begins a word that needs folding: what of it came before is ASCII.
fn open_word(draft: &mut Draft, word: &mut Word, text: &str, plain_from: &mut usize, at: usize) {
    if word.open {
        return;
    }
    let from = word.ascii_from.take().unwrap_or(at);
    draft.copy(text, *plain_from..from);
    *plain_from = at;
    word.open = true;
    word.latin = false;
    word.letters.clear();
    for (offset, character) in text.get(from..at).unwrap_or_default().char_indices() {
        word.latin |= character.is_ascii_alphabetic();
        word.push(from + offset, from + offset + 1, character);
    }
}

/// Ends a word, if one is open, at a byte that is not part of it.
fn flush(
    draft: &mut Draft,
    word: &mut Word,
    text: &str,
    latin_text: bool,
    seen: &mut Seen,
    plain_from: &mut usize,
    at: usize,
) {
    word.ascii_from = None;
    if !word.open {
        return;
    }
    word.open = false;
    *plain_from = at;
    if let (Some(first), Some(last)) = (word.letters.first(), word.letters.last())
        && word.letters.iter().all(|letter| letter.2.is_ascii())
        && word.letters.len() == last.1 - first.0
        && text.get(first.0..last.1).is_some_and(str::is_ascii)
    {
        draft.copy(text, first.0..last.1);
        return;
    }
    let latin = word.latin || (latin_text && all_look_latin(&word.letters));
    let mut buffer = [0; 4];
    for &(from, to, character) in &word.letters {
        if !character.is_ascii()
            && latin
            && let Some(latin) = latin_look_alike(character)
        {
            seen.look_alikes += 1;
            draft.replace(from..to, latin.encode_utf8(&mut buffer));
        } else if character == 'ß' {
            draft.replace(from..to, "ss");
        } else {
            draft.replace(from..to, character.encode_utf8(&mut buffer));
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one state, taken apart for the borrow checker"
)]
fn close_plain(
    draft: &mut Draft,
    word: &mut Word,
    text: &str,
    latin: bool,
    seen: &mut Seen,
    plain_from: &mut usize,
    at: usize,
    next: usize,
) {
    flush(draft, word, text, latin, seen, plain_from, at);
    draft.copy(text, *plain_from..at);
    *plain_from = next;
}

fn all_look_latin(letters: &[(usize, usize, char)]) -> bool {
    letters
        .iter()
        .all(|letter| letter.2.is_ascii() || latin_look_alike(letter.2).is_some())
}

/// The one Latin letter that a character looks like.
fn latin_look_alike(character: char) -> Option<char> {
    // UTS 39 maps some letters to a sequence or to a mark: these are the common ones among them.
    match character {
        'м' | 'ⅿ' => return Some('m'),
        'т' | 'τ' => return Some('t'),
        'к' | 'κ' => return Some('k'),
        'в' | 'β' => return Some('b'),
        'и' | 'п' | 'η' => return Some('n'),
        'я' => return Some('r'),
        'ı' | 'ι' | 'і' => return Some('i'),
        'є' | 'ε' | 'ё' | 'э' => return Some('e'),
        'λ' => return Some('a'),
        'ω' | 'ш' | 'щ' => return Some('w'),
        'ø' | 'θ' => return Some('o'),
        'đ' => return Some('d'),
        'ħ' | 'н' => return Some('h'),
        'ł' => return Some('l'),
        _ => {}
    }
    let mut buffer = [0; 4];
    let mut folded = skeleton(character.encode_utf8(&mut buffer)).filter(|part| !is_mark(*part));
    let first = folded.next()?;
    match (first, folded.next()) {
        ('r', Some('n')) => Some('m'),
        (first, None) if first.is_ascii_alphanumeric() => Some(first.to_ascii_lowercase()),
        _ => None,
    }
}

/// Letters in frames and of flags, small capitals and letters on their heads: styles that have no compatibility form.
fn styled(character: char) -> Option<char> {
    let code = u32::from(character);
    let nth = |from: u32| char::from_u32(u32::from('a') + code - from);
    match code {
        0x1F150..=0x1F169 => nth(0x1F150),
        0x1F170..=0x1F189 => nth(0x1F170),
        0x1F1E6..=0x1F1FF => nth(0x1F1E6),
        0x0250..=0x02AF | 0x1D00..=0x1D2F | 0xA730..=0xA731 => Some(match character {
            'ᴀ' | 'ɐ' => 'a',
            'ʙ' => 'b',
            'ᴄ' | 'ɔ' => 'c',
            'ᴅ' => 'd',
            'ᴇ' | 'ɘ' => 'e',
            'ꜰ' | 'ɟ' => 'f',
            'ɢ' | 'ɡ' => 'g',
            'ʜ' | 'ɥ' => 'h',
            'ɪ' | 'ᴉ' | 'ɩ' => 'i',
            'ᴊ' | 'ɾ' => 'j',
            'ᴋ' | 'ʞ' => 'k',
            'ʟ' | 'ɭ' => 'l',
            'ᴍ' | 'ɯ' => 'm',
            'ɴ' | 'ɳ' => 'n',
            'ᴏ' => 'o',
            'ᴘ' => 'p',
            'ʀ' | 'ɹ' | 'ʁ' => 'r',
            'ꜱ' => 's',
            'ᴛ' | 'ʇ' => 't',
            'ᴜ' | 'ʊ' => 'u',
            'ᴠ' | 'ʌ' => 'v',
            'ᴡ' | 'ʍ' => 'w',
            'ʏ' | 'ʎ' => 'y',
            'ᴢ' => 'z',
            _ => return None,
        }),
        0x01C3 => Some('i'),
        0x01DD => Some('e'),
        0x01EB => Some('q'),
        0x0183 => Some('g'),
        _ => None,
    }
}

/// The longest decomposition that is written out, in characters.
const MOST_PARTS: usize = 4;

/// Whether an ASCII text has a control character that no text has. Without branches: it is on every text's path.
pub(super) fn has_hidden_control(text: &str) -> bool {
    let hidden = |byte: u8| {
        u8::from(byte < 0x20 && byte != 0x1b && !matches!(byte, 0x09..=0x0d) || byte == 0x7f)
    };
    text.bytes().fold(0, |any, byte| any | hidden(byte)) != 0
}

/// A control character that no text has.
fn is_hidden_control(character: char) -> bool {
    matches!(character, '\u{0}'..='\u{8}' | '\u{E}'..='\u{1A}' | '\u{1C}'..='\u{1F}' | '\u{7F}' | '\u{80}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FFFD}')
}

/// A combining mark outside of the blocks that belong to Latin letters.
fn is_foreign_mark(character: char) -> bool {
    character >= '\u{0483}' && !is_mark(character) && is_combining_mark(character)
}

/// Folds one word as the scanner folds text: for lexicons.
pub(crate) fn fold_word(word: &str) -> String {
    fold(word).0.text.to_lowercase()
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

/// Han, kana and Hangul: they have no look-alikes among Latin letters and their forms stay as they are.
fn is_unified(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}')
}

/// Default-ignorable code points and others that take no place on a screen.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0100}'..='\u{E0FFF}'
    )
}

/// A tag character, with the ASCII character that it stands for, if any.
#[expect(
    clippy::option_option,
    reason = "a tag without a letter is still a tag"
)]
fn tag_character(character: char) -> Option<Option<char>> {
    let code = u32::from(character);
    (0xE0000..0xE0080)
        .contains(&code)
        .then(|| char::from_u32(code - 0xE0000).filter(|letter| matches!(letter, ' '..='~')))
}

fn punctuation(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' | '\u{02BC}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{00AB}' | '\u{00BB}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{3002}' => '.',
        '\u{3001}' => ',',
        _ => character,
    }
}
