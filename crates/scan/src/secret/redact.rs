//! Replaces what a scan finds by typed marks.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use aho_corasick::{AhoCorasick, MatchKind};

use super::scanner::SecretScanner;

/// A value of at least this length is replaced wherever else it stands in the text, too.
const SHORTEST_REPEATED_BYTES: usize = 8;
/// Replacing can bring text together that looks like a secret again. More rounds than this mean a text made for that.
const MOST_ROUNDS: usize = 6;
/// What stands for a text that could not be settled.
const UNSETTLED: &[u8] = b"[secret:whole-text]";

impl SecretScanner {
    /// The text with `[secret:RULE]` in place of every credential. Nothing but the value is replaced, and where it stands a
    /// second time in the text without anything that gives it away, it is replaced there, too. Borrows if there is nothing.
    ///
    /// Redacting the result changes nothing, and it contains none of the values of at least eight bytes.
    pub fn redact<'text>(&self, text: &'text str) -> Cow<'text, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(redacted) => redacted,
                // Can't be: marks are ASCII and spans are widened to whole characters.
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// [`redact`](Self::redact) for bytes that may be no text.
    pub fn redact_bytes<'text>(&self, text: &'text [u8]) -> Cow<'text, [u8]> {
        let mut values: BTreeMap<Vec<u8>, String> = BTreeMap::new();
        let mut current = Cow::Borrowed(text);
        for _ in 0..MOST_ROUNDS {
            let spans = self.scan(&current);
            let mut marks: Vec<(Range<usize>, String)> = Vec::new();
            for span in spans {
                let range = whole_characters(&current, span.range);
                let value = current.get(range.clone()).unwrap_or_default();
                if value.len() >= SHORTEST_REPEATED_BYTES && !mark(span.rule).contains_value(value)
                {
                    values
                        .entry(value.to_vec())
                        .or_insert_with(|| span.rule.to_owned());
                }
                marks.push((range, span.rule.to_owned()));
            }
            marks.extend(repetitions(&current, &values));
            if marks.is_empty() {
                return current;
            }
            current = Cow::Owned(replaced(&current, marks));
        }
        if self.scan(&current).is_empty() && repetitions(&current, &values).is_empty() {
            return current;
        }
        Cow::Owned(UNSETTLED.to_vec())
    }
}

struct Mark(String);

fn mark(rule: &str) -> Mark {
    Mark(format!("[secret:{rule}]"))
}

impl Mark {
    /// A value that is part of the mark is public, and replacing it would never end.
    fn contains_value(&self, value: &[u8]) -> bool {
        super::shape::contains(self.0.as_bytes(), value)
    }
}

fn repetitions(text: &[u8], values: &BTreeMap<Vec<u8>, String>) -> Vec<(Range<usize>, String)> {
    if values.is_empty() {
        return Vec::new();
    }
    let Ok(automaton) = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(values.keys())
    else {
        return vec![(0..text.len(), "whole-text".to_owned())];
    };
    let rules: Vec<&String> = values.values().collect();
    automaton
        .find_iter(text)
        .filter_map(|found| {
            let rule = rules.get(found.pattern().as_usize())?;
            Some((found.range(), (*rule).clone()))
        })
        .collect()
}

/// Widens a range to the characters that it touches, if the bytes around it are UTF-8.
fn whole_characters(text: &[u8], range: Range<usize>) -> Range<usize> {
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut start = range.start;
    while start > 0 && range.start - start < 3 && continues(start) {
        start -= 1;
    }
    let mut end = range.end;
    while end - range.end < 3 && continues(end) {
        end += 1;
    }
    start..end
}

fn replaced(text: &[u8], mut marks: Vec<(Range<usize>, String)>) -> Vec<u8> {
    marks.sort_by(|(left, _), (right, _)| (left.start, right.end).cmp(&(right.start, left.end)));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (range, rule) in marks {
        if range.start < at {
            // Overlaps the last mark: covered by it from here on.
            at = at.max(range.end);
            continue;
        }
        out.extend_from_slice(text.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(mark(&rule).0.as_bytes());
        at = range.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}
