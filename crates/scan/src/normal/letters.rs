//! Disguises of letters: set apart, leet, rot13, backwards; and the cheap signs by which each is suspected.

use super::view::Draft;

/// What a look at the bytes suspects.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent signs")]
pub(super) struct Signs {
    pub(super) encoded: bool,
    pub(super) binary: bool,
    pub(super) leet: bool,
    pub(super) spaced: bool,
}

/// Up to this length a text without common words is looked at backwards and in rot13.
const SHORT_BYTES: usize = 600;

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const LEET: u8 = 4;
const CODE: u8 = 8;
const ESCAPE: u8 = 16;
const GAP: u8 = 32;

const CLASSES: [u8; 256] = classes();

#[expect(clippy::cast_possible_truncation, reason = "the index is below 256")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let mut class = 0;
        if byte.is_ascii_alphabetic() {
            class |= LETTER | CODE;
        }
        if byte.is_ascii_digit() {
            class |= DIGIT | CODE;
        }
        if matches!(
            byte,
            b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'8' | b'@' | b'$'
        ) {
            class |= LEET;
        }
        if matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_') {
            class |= CODE;
        }
        if matches!(byte, b'%' | b'&' | b'\\') {
            class |= ESCAPE;
        }
        if matches!(
            byte,
            b' ' | b'\t' | b'\n' | b'\r' | b'-' | b'.' | b'_' | b'*' | b'|' | b'/' | b'+'
        ) {
            class |= GAP;
        }
        table[index] = class;
        index += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

impl Signs {
    /// Looks for signs in one pass.
    pub(super) fn of(text: &str) -> Self {
        let mut signs = Self::default();
        let mut code_run = 0_u32;
        let mut escapes = 0_u32;
        let mut lone = 0_u32;
        let mut bits = 0_u32;
        let mut before = [0_u8; 2];
        for byte in text.bytes() {
            let class = class(byte);
            code_run = if class & CODE == 0 { 0 } else { code_run + 1 };
            // Hex pairs with gaps have short runs: `bits` covers them, as digits in a row with gaps.
            if code_run == 16 {
                signs.encoded = true;
            }
            if class & ESCAPE != 0 {
                escapes += 1;
            }
            if class & DIGIT != 0
                || ((class & GAP != 0 || matches!(byte, b'x' | b',')) && bits > 0)
                || matches!(byte, b'a'..=b'f' | b'A'..=b'F')
            {
                bits += 1;
                if bits == 24 {
                    signs.binary = true;
                }
            } else {
                bits = 0;
            }
            if class & LEET != 0 && before[1] & LETTER != 0
                || class & LETTER != 0 && before[1] & LEET != 0
            {
                signs.leet = true;
            }
            // A letter between two gaps.
            if class & GAP != 0
                && before[1] & (LETTER | LEET) != 0
                && before[0] & (LETTER | LEET) == 0
            {
                lone += 1;
                if lone == 4 {
                    signs.spaced = true;
                }
            } else if class & LETTER != 0 && before[1] & LETTER != 0 {
                lone = 0;
            }
            before = [before[1], class];
        }
        if escapes >= 2 {
            signs.encoded = true;
        }
        signs
    }
}

/// Joins letters that are set apart; none where there are no such runs.
pub(super) fn join_spaced(text: &str) -> Option<Draft> {
    let bytes = text.as_bytes();
    let mut draft = Draft::default();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if let Some(run) = spaced_run(bytes, at) {
            draft.copy(text, copied..at);
            for (from, to, word_ends) in &run.letters {
                draft.copy(text, *from..*to);
                if *word_ends {
                    draft.replace(*to..*to + 1, " ");
                }
            }
            copied = run.end;
            at = run.end;
        } else {
            at += 1;
            // To the next place where a run may begin.
            while at < bytes.len() && is_letter(bytes, at - 1) {
                at += 1;
            }
        }
    }
    if copied == 0 {
        return None;
    }
    draft.copy(text, copied..text.len());
    Some(draft)
}

struct SpacedRun {
    letters: Vec<(usize, usize, bool)>,
    end: usize,
}

fn is_letter(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| {
        class(*byte) & (LETTER | LEET) != 0 || matches!(byte, b'!' | b'2' | b'6' | b'9')
    })
}

/// So many more signs than letters end a run: a run that is no text must not be read to its end from each of its letters.
const MOST_SIGNS_AHEAD: i64 = 8;

/// A run of at least four letters with the same separator between them.
fn spaced_run(bytes: &[u8], start: usize) -> Option<SpacedRun> {
    if start > 0 && bytes.get(start - 1).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    if !is_letter(bytes, start) {
        return None;
    }
    let separator = *bytes.get(start + 1)?;
    if class(separator) & GAP == 0 {
        return None;
    }
    let mut letters: Vec<(usize, usize, bool)> = Vec::new();
    let mut at = start;
    // How many more letters than signs there are, how many letters, and up to where at least every second one was a letter.
    let (mut ahead, mut telling, mut told) = (0_i64, 0_usize, None);
    let mut count = |letter: bool, so_far: usize, end: usize| {
        ahead += if letter { 1 } else { -1 };
        telling += usize::from(letter);
        if telling >= 4 && ahead >= 0 {
            told = Some((so_far, end));
        }
        (ahead >= -MOST_SIGNS_AHEAD, told)
    };
    let mut best = None;
    loop {
        // A sign that is set apart like the letters belongs to the run; two characters together end it.
        let glyph = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_graphic);
        if !glyph(at) || (glyph(at + 1) && bytes.get(at + 1) != Some(&separator)) {
            break;
        }
        let mut next = at + 1;
        while bytes
            .get(next)
            .is_some_and(|byte| *byte == separator || byte.is_ascii_whitespace())
        {
            next += 1;
        }
        let gap = bytes.get(at + 1..next).unwrap_or_default();
        if gap.is_empty() && next < bytes.len() {
            letters.push((at, at + 1, false));
            (_, best) = count(is_letter(bytes, at), letters.len(), next);
            break;
        }
        let word_ends = gap.len() > 1 || gap.first().is_some_and(|byte| *byte != separator);
        letters.push((at, at + 1, word_ends));
        let goes_on;
        (goes_on, best) = count(is_letter(bytes, at), letters.len(), next);
        at = next;
        if gap.len() > 8 || !goes_on {
            break;
        }
    }
    let (length, end) = best?;
    letters.truncate(length);
    Some(SpacedRun { letters, end })
}

/// Puts letters in place of digits and signs in words that mix them; none where no word does.
pub(super) fn unleet(text: &str) -> Option<Draft> {
    let bytes = text.as_bytes();
    let mut draft = Draft::default();
    let mut copied = 0;
    let mut at = 0;
    let mut changed = false;
    while at < bytes.len() {
        let start = at;
        let mut letters = 0;
        let mut leet = 0;
        let mut other = false;
        while let Some(byte) = bytes.get(at) {
            let class = class(*byte);
            if class & LETTER != 0 {
                letters += 1;
            } else if class & LEET != 0
                || matches!(byte, b'!' | b'|' | b'(' | b'+' | b'9' | b'6' | b'2')
            {
                leet += 1;
            } else if class & DIGIT != 0 || matches!(byte, b'_' | b'=') || *byte >= 0x80 {
                other = true;
            } else {
                break;
            }
            at += 1;
        }
        // A closing sign belongs to the sentence, not to the word.
        let mut end = at;
        while end > start
            && bytes
                .get(end - 1)
                .is_some_and(|byte| matches!(byte, b'!' | b'|' | b'(' | b'+'))
        {
            end -= 1;
        }
        if !other
            && leet > 0
            && at - start >= 2
            && at - start <= 24
            && (letters > 0 || leet > 2)
            && end > start
        {
            draft.copy(text, copied..start);
            let word: String = text
                .get(start..end)
                .unwrap_or_default()
                .chars()
                .map(letter_of)
                .collect();
            draft.replace(start..end, &word);
            copied = end;
            changed = true;
        }
        at = at.max(start + 1);
    }
    if !changed {
        return None;
    }
    draft.copy(text, copied..text.len());
    Some(draft)
}

fn letter_of(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '2' => 'z',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '(' => 'c',
        other => other,
    }
}

/// The alphabet shifted by thirteen.
pub(super) fn rot13(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            'a'..='m' | 'A'..='M' => char::from_u32(u32::from(character) + 13).unwrap_or(character),
            'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(character) - 13).unwrap_or(character),
            other => other,
        })
        .collect()
}

/// Whether at least two short common words are there in rot13, and more of them than in plain.
pub(super) fn looks_rot13(text: &str) -> bool {
    common(text, |word| {
        matches!(
            word,
            b"gur"
                | b"naq"
                | b"lbh"
                | b"lbhe"
                | b"nyy"
                | b"vf"
                | b"bs"
                | b"gb"
                | b"va"
                | b"zr"
                | b"zl"
                | b"sbe"
                | b"jvgu"
                | b"guvf"
                | b"gung"
                | b"ner"
                | b"jung"
                | b"vtaber"
                | b"cebzcg"
                | b"flfgrz"
                | b"cerivbhf"
                | b"vafgehpgvbaf"
                | b"ehyrf"
                | b"frperg"
                | b"cnffjbeq"
                | b"fubj"
                | b"erirny"
                | b"abj"
                | b"abg"
                | b"nf"
                | b"na"
        )
    })
}

/// Whether at least two short common words are there backwards, and more of them than in plain.
pub(super) fn looks_reversed(text: &str) -> bool {
    common(text, |word| {
        matches!(
            word,
            b"eht"
                | b"dna"
                | b"uoy"
                | b"ruoy"
                | b"lla"
                | b"si"
                | b"fo"
                | b"ot"
                | b"ni"
                | b"em"
                | b"ym"
                | b"rof"
                | b"htiw"
                | b"siht"
                | b"taht"
                | b"era"
                | b"tahw"
                | b"erongi"
                | b"tpmorp"
                | b"metsys"
                | b"suoiverp"
                | b"snoitcurtsni"
                | b"selur"
                | b"terces"
                | b"drowssap"
                | b"wohs"
                | b"laever"
                | b"won"
                | b"ton"
                | b"na"
        )
    })
}

fn common(text: &str, disguised: impl Fn(&[u8]) -> bool) -> bool {
    let mut hidden = 0_u32;
    let mut plain = 0_u32;
    let mut words = 0_u32;
    for word in text.as_bytes().split(|byte| !byte.is_ascii_alphabetic()) {
        if word.len() < 2 || word.len() > 12 {
            continue;
        }
        words += 1;
        let mut lower = [0_u8; 12];
        for (slot, byte) in lower.iter_mut().zip(word) {
            *slot = byte.to_ascii_lowercase();
        }
        let lower = lower.get(..word.len()).unwrap_or_default();
        if matches!(
            lower,
            b"the"
                | b"and"
                | b"you"
                | b"your"
                | b"all"
                | b"is"
                | b"of"
                | b"to"
                | b"in"
                | b"me"
                | b"my"
                | b"for"
                | b"with"
                | b"this"
                | b"that"
                | b"are"
                | b"what"
                | b"a"
        ) {
            plain += 1;
        } else if disguised(lower) {
            hidden += 1 + u32::from(word.len() > 4);
        }
    }
    // A short text without any common word may be disguised as well: the caller drops views that mean nothing.
    (hidden >= 2 && hidden * 2 > plain) || (plain * 12 < words && text.len() < SHORT_BYTES)
}
