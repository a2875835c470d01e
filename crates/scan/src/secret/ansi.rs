//! Terminal colours: `ESC [ 1 m` right before a token would read as its first letter.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;

/// The longest control sequence that is looked at, in bytes: real ones are far shorter.
const SEQUENCE_BYTES: usize = 64;

/// The text with every control sequence (ECMA-48: `ESC [`, parameters, a final byte) replaced by as many spaces, so that places stay.
pub(super) fn blanked(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(ESCAPE, text) else {
        return Cow::Borrowed(text);
    };
    let mut plain = text.to_vec();
    let mut at = first;
    while let Some(offset) = memchr::memchr(ESCAPE, plain.get(at..).unwrap_or_default()) {
        let start = at + offset;
        at = sequence_end(&plain, start).unwrap_or(start + 1);
        if let Some(sequence) = plain.get_mut(start..at) {
            sequence.fill(b' ');
        }
    }
    Cow::Owned(plain)
}

/// The end of the control sequence that begins with the escape at `start`, if one does.
fn sequence_end(text: &[u8], start: usize) -> Option<usize> {
    let parameters = start + 2;
    if text.get(start + 1) != Some(&b'[') {
        return None;
    }
    let rest = text.get(parameters..)?;
    let is_final = |byte: &u8| (0x40..=0x7e).contains(byte);
    let length = rest.iter().take(SEQUENCE_BYTES).position(is_final)?;
    let is_sequence = rest
        .get(..length)?
        .iter()
        .all(|byte| (0x20..=0x3f).contains(byte));
    is_sequence.then_some(parameters + length + 1)
}
