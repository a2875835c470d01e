//! Values of a Kubernetes secret: base64 under `data:` of a document that says `kind: Secret`.

use std::ops::Range;

use super::shape;

/// The word at which a document is looked at. Lower case.
pub(super) const TRIGGER: &str = "secret";
pub(super) const ID: &str = "kubernetes-secret";
pub(super) const KIND: &str = "Kubernetes secret";

/// How far from the kind its data may be.
const REACH_BYTES: usize = 4096;

/// Whether the word at `at` ends `kind: Secret`.
pub(super) fn is_kind(text: &[u8], at: usize) -> bool {
    let from = at.saturating_sub(12);
    let before = text.get(from..at).unwrap_or_default();
    let before = before.trim_ascii_end();
    let before = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"))
        .unwrap_or(before);
    let before = before.trim_ascii_end();
    let Some(before) = before.strip_suffix(b":") else {
        return false;
    };
    let before = before.strip_suffix(b"\"").unwrap_or(before);
    let after = text.get(at + TRIGGER.len()).copied().unwrap_or(b'\n');
    before.len() >= 4
        && before
            .get(before.len() - 4..)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"kind"))
        && !shape::is_word_byte(after)
}

/// The encoded values of the document around `at`. `done` is where the last document that was looked at ends.
pub(super) fn values(text: &[u8], at: usize, done: usize) -> (Vec<Range<usize>>, usize) {
    if at < done {
        return (Vec::new(), done);
    }
    let from = at.saturating_sub(REACH_BYTES).max(done);
    let until = text.len().min(at + REACH_BYTES);
    let window = text.get(from..until).unwrap_or_default();
    let here = at - from;
    let start = memchr::memmem::rfind(window.get(..here).unwrap_or_default(), b"\n---")
        .map_or(0, |place| place + 1);
    let end = memchr::memmem::find(window.get(here..).unwrap_or_default(), b"\n---")
        .map_or(window.len(), |place| here + place);
    let document = window.get(start..end).unwrap_or_default();
    let mut found = Vec::new();
    let mut in_data = false;
    let mut offset = from + start;
    for line in document.split_inclusive(|&byte| byte == b'\n') {
        let body = line.trim_ascii();
        let indented = line
            .first()
            .is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if matches!(body, b"data:" | b"stringData:") {
            in_data = true;
        } else if in_data && !indented && !body.is_empty() {
            in_data = false;
        } else if in_data {
            let value = body
                .iter()
                .position(|&byte| byte == b':')
                .map_or(body, |colon| body.get(colon + 1..).unwrap_or_default())
                .trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            if is_value(value)
                && let Some(place) = memchr::memmem::rfind(line, value)
            {
                found.push(offset + place..offset + place + value.len());
            }
        }
        offset += line.len();
    }
    (found, from + end)
}

fn is_value(value: &[u8]) -> bool {
    value.len() >= 8
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        && shape::entropy_bits(value) >= 2.5
}
