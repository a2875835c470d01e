//! Where in a text a finding stands, for people: line, column and the words around it.

use std::ops::Range;

use countersign_scan::SecretSpan;

#[cfg(test)]
mod tests;

/// Characters that are shown on either side.
const AROUND: usize = 30;
/// Longer findings are shown with their middle left out.
const LONGEST: usize = 160;
/// Shorter values stand in many texts by chance.
const SHORTEST_REPEATED_BYTES: usize = 8;

/// A line and a column, each from 1. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The places of offsets that come in order, in one pass over the text.
#[derive(Debug)]
pub(super) struct Places<'text> {
    text: &'text str,
    offset: usize,
    place: Place,
}

impl<'text> Places<'text> {
    pub(super) fn of(text: &'text str) -> Self {
        Self {
            text,
            offset: 0,
            place: Place { line: 1, column: 1 },
        }
    }

    /// The place of an offset that is not before the last one.
    pub(super) fn at(&mut self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset);
        for character in self
            .text
            .get(self.offset..offset)
            .unwrap_or_default()
            .chars()
        {
            if character == '\n' {
                self.place.line += 1;
                self.place.column = 1;
            } else {
                self.place.column += 1;
            }
        }
        self.offset = self.offset.max(offset);
        self.place
    }
}

/// A part of a text between `»` and `«`, with what stands around it on its line. A secret is never shown: its mark is.
pub(super) fn excerpt(text: &str, span: Range<usize>, secrets: &[SecretSpan<'_>]) -> String {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let from = before
        .char_indices()
        .rev()
        .take(AROUND)
        .last()
        .map_or(start, |(at, _)| at)
        .max(line_start);
    let to = after
        .char_indices()
        .take_while(|(_, character)| *character != '\n')
        .take(AROUND)
        .last()
        .map_or(end, |(at, character)| end + at + character.len_utf8());
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let is_longer = text.get(to..).is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('\n') && !rest.starts_with("\r\n")
    });
    format!(
        "{}{}»{}«{}{}",
        cut(from > line_start),
        covered(text, from..start, secrets),
        shortened(&covered(text, start..end, secrets)),
        covered(text, end..to, secrets),
        cut(is_longer),
    )
}

/// A part of a text with marks in place of the secrets that it touches, and of their repetitions.
fn covered(text: &str, part: Range<usize>, secrets: &[SecretSpan<'_>]) -> String {
    let mut shown = String::new();
    let mut at = part.start;
    let first = secrets.partition_point(|secret| secret.range.end <= part.start);
    for secret in secrets.iter().skip(first) {
        let start = text.floor_char_boundary(secret.range.start);
        if start >= part.end {
            break;
        }
        shown.push_str(text.get(at..start).unwrap_or_default());
        shown.push_str(&mark(secret));
        at = text.ceil_char_boundary(secret.range.end).max(at);
    }
    shown.push_str(text.get(at..part.end).unwrap_or_default());
    for secret in secrets {
        if let Some(value) = text.get(secret.range.clone())
            && value.len() >= SHORTEST_REPEATED_BYTES
            && shown.contains(value)
        {
            shown = shown.replace(value, &mark(secret));
        }
    }
    shown
}

/// What stands for a secret.
pub(super) fn mark(secret: &SecretSpan<'_>) -> String {
    format!("[secret:{}]", secret.rule)
}

fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST / 4 * 3).collect();
    let tail: String = text.chars().skip(count - LONGEST / 4).collect();
    format!("{head} … {tail}")
}
