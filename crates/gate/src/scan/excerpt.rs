//! What an operator reads of a text to judge a finding: what stands around it, with marks in place of secrets.

use std::ops::Range;

use countersign_scan::threat::Span;
use serde::{Deserialize, Serialize};

use super::TextScanner;

/// The most of a text that is shown, in bytes.
const EXCERPT_BYTES: usize = 800;
/// How much is shown before and after what was found, in bytes.
const AROUND_BYTES: usize = 120;
/// What may stand at a torn end and be half of a secret.
const TORN_BYTES: usize = 256;
/// So much around the excerpt is looked at for secrets that reach into it.
const REACH_BYTES: usize = super::LONGEST_SECRET_BYTES;

/// A piece of an excerpt. One behind the other they are the excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptPiece {
    /// Its text.
    pub text: String,
    /// Whether it is what was found, and not what stands around.
    pub is_found: bool,
}

/// Blanks what touches the end of a text that was cut there: half a secret looks like none. The length stays.
pub(super) fn blank_torn_end(text: &mut [u8]) {
    let run = text
        .iter()
        .rev()
        .take(TORN_BYTES)
        .take_while(|byte| !byte.is_ascii_whitespace())
        .count();
    let from = text.len() - run;
    text[from..].fill(b' ');
}

/// As [`blank_torn_end`], at the beginning.
pub(super) fn blank_torn_start(text: &mut [u8]) {
    let run = text
        .iter()
        .take(TORN_BYTES)
        .take_while(|byte| !byte.is_ascii_whitespace())
        .count();
    text[..run].fill(b' ');
}

/// The nearest place at or before `at` that is no middle of a character.
pub(super) fn floor(text: &[u8], at: usize) -> usize {
    let mut at = at.min(text.len());
    while at > 0 && text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
        at -= 1;
    }
    at
}

#[derive(Default)]
struct Pieces(Vec<ExcerptPiece>);

impl Pieces {
    fn push(&mut self, text: &str, is_found: bool) {
        match self.0.last_mut() {
            Some(last) if last.is_found == is_found => last.text.push_str(text),
            _ => self.0.push(ExcerptPiece {
                text: text.to_owned(),
                is_found,
            }),
        }
    }
}

impl TextScanner {
    /// What stands at and around some spans of a text. Empty where there are none.
    pub(super) fn excerpt(&self, text: &[u8], spans: &[Span]) -> Vec<ExcerptPiece> {
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
            return Vec::new();
        };
        let from = floor(text, first.start.saturating_sub(AROUND_BYTES));
        let to = (last.end + AROUND_BYTES).min(from + EXCERPT_BYTES);
        let to = floor(text, to);
        let reach = from.saturating_sub(REACH_BYTES);
        let window = &text[reach..text.len().min(to + REACH_BYTES)];
        let in_force = self.secrets.load();
        let secrets: Vec<(Range<usize>, &str)> = in_force
            .scanner
            .scan(window)
            .into_iter()
            .map(|span| (reach + span.range.start..reach + span.range.end, span.rule))
            .collect();
        let mut pieces = Pieces::default();
        let mut at = from;
        while at < to {
            let is_found = spans
                .iter()
                .any(|span| (span.start..span.end).contains(&at));
            if let Some((range, rule)) = secrets.iter().find(|(range, _)| range.contains(&at)) {
                pieces.push(&format!("[secret:{rule}]"), is_found);
                at = range.end;
                continue;
            }
            let borders = spans.iter().flat_map(|span| [span.start, span.end]);
            let next = borders
                .chain(secrets.iter().map(|(range, _)| range.start))
                .filter(|border| *border > at)
                .fold(to, usize::min);
            pieces.push(&String::from_utf8_lossy(&text[at..next]), is_found);
            at = next;
        }
        pieces.0
    }
}
