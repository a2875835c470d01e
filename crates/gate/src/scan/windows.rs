//! Which parts of a long text are looked at.
//!
//! Looking costs time, so a text has a budget. Spent on its beginning alone, padding would be a way past the scanner: a text that
//! is too long is looked at in its beginning, its end, and windows that are spread evenly over the rest.

use std::ops::Range;

use super::excerpt::{blank_torn_end, blank_torn_start};

/// What stands between two windows in what is looked at.
pub(super) const GAP: &str = "\n[...]\n";

/// One of the windows between the beginning and the end, in bytes.
pub(super) const WINDOW_BYTES: usize = 2 << 10;

/// The windows of a text of this length, in order: all of it where it fits into the budget.
pub(super) fn windows(total_bytes: usize, budget_bytes: usize) -> Vec<Range<usize>> {
    if total_bytes <= budget_bytes {
        return std::iter::once(0..total_bytes).collect();
    }
    // A half for the beginning, a quarter for the end.
    let (head, tail) = (budget_bytes / 2, budget_bytes / 4);
    let count = (budget_bytes - head - tail) / WINDOW_BYTES;
    let between = total_bytes - head - tail;
    let mut windows = Vec::with_capacity(count + 2);
    windows.push(0..head);
    for number in 0..count {
        // In the middle of its share of what is between.
        let middle = head + (2 * number + 1) * between / (2 * count);
        let start = middle.saturating_sub(WINDOW_BYTES / 2).max(head);
        windows.push(start..(start + WINDOW_BYTES).min(total_bytes - tail));
    }
    windows.push(total_bytes - tail..total_bytes);
    joined(windows)
}

/// Windows that touch or overlap are one.
fn joined(windows: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut list: Vec<Range<usize>> = Vec::with_capacity(windows.len());
    for window in windows {
        match list.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => list.push(window),
        }
    }
    list
}

/// What is looked at of a text that comes in pieces, each with its place: no more than its windows is ever held.
#[derive(Debug, Default)]
pub(super) struct Sample {
    windows: Vec<Range<usize>>,
    next: usize,
    seen_bytes: usize,
    text: Vec<u8>,
    /// Where in the text its last window begins.
    begun_at: usize,
}

impl Sample {
    pub(super) fn new(windows: Vec<Range<usize>>) -> Self {
        Self {
            windows,
            next: 0,
            seen_bytes: 0,
            text: Vec::new(),
            begun_at: 0,
        }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        let (start, end) = (self.seen_bytes, self.seen_bytes + piece.len());
        self.seen_bytes = end;
        while let Some(window) = self.windows.get(self.next).cloned() {
            let (from, to) = (window.start.max(start), window.end.min(end));
            if from < to {
                if from == window.start && self.next > 0 {
                    self.end_window();
                    blank_torn_end(&mut self.text);
                    self.text.extend_from_slice(GAP.as_bytes());
                    self.begun_at = self.text.len();
                }
                self.text
                    .extend_from_slice(&piece[from - start..to - start]);
            }
            if window.end > end {
                return;
            }
            self.next += 1;
        }
    }

    /// Blanks what the beginning of the last window may have torn.
    fn end_window(&mut self) {
        if self.begun_at > 0 {
            blank_torn_start(&mut self.text[self.begun_at..]);
        }
    }

    /// The windows, and what stands in them, each behind a [`GAP`]. What a window's border has torn is blank.
    pub(super) fn finish(mut self) -> (Vec<Range<usize>>, Vec<u8>) {
        self.end_window();
        (self.windows, self.text)
    }
}

/// Where in the whole text an offset into its sample lies.
pub(super) fn original(windows: &[Range<usize>], offset: usize) -> usize {
    let mut passed = 0;
    for (index, window) in windows.iter().enumerate() {
        if index > 0 {
            passed += GAP.len();
        }
        if offset < passed + window.len() {
            return window.start + offset.saturating_sub(passed);
        }
        passed += window.len();
    }
    windows.last().map_or(offset, |last| last.end)
}
