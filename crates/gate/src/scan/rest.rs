//! What is looked at of a reply behind its beginning, which is passed on while it comes, and whose length nobody knows.
//!
//! Windows whose distance grows with their place: work grows with the logarithm of the length; and the end, or what came last
//! where the body pauses. An agent has read it by then: a finding taints, it stops nothing.

use super::{
    OUTPUT_BYTES,
    excerpt::{blank_torn_end, blank_torn_start},
    windows::WINDOW_BYTES,
};

/// How much of the end is looked at, in bytes.
const END_BYTES: usize = 16 << 10;
/// So much is looked at again, where an order may begin before.
const OVERLAP_BYTES: usize = 1 << 10;
/// So much has to wait to be worth a look while the body still comes.
const DUE_BYTES: usize = 8 << 10;
/// A window's distance from the next is this part of its place.
const DISTANCE_PART: u64 = 8;

/// The rest of one reply.
#[derive(Debug)]
pub(super) struct Rest {
    seen_bytes: u64,
    /// What came last.
    end: Vec<u8>,
    /// How much of what came last nobody has looked at.
    unseen_bytes: usize,
    next_window: u64,
    windows: Vec<Vec<u8>>,
    /// Whether something has passed that is looked at in no way.
    is_skipped: bool,
}

const BEGIN: u64 = (OUTPUT_BYTES - OVERLAP_BYTES) as u64;

impl Default for Rest {
    fn default() -> Self {
        Self {
            seen_bytes: 0,
            end: Vec::new(),
            unseen_bytes: 0,
            next_window: OUTPUT_BYTES as u64,
            windows: Vec::new(),
            is_skipped: false,
        }
    }
}

impl Rest {
    /// Sees the next piece of the body, from its first byte on.
    pub(super) fn see(&mut self, piece: &[u8]) {
        let start = self.seen_bytes;
        self.seen_bytes += piece.len() as u64;
        if self.seen_bytes <= BEGIN {
            return;
        }
        let behind = behind(piece, start, BEGIN);
        self.end.extend_from_slice(last(behind, END_BYTES));
        if self.end.len() > 2 * END_BYTES {
            self.end.drain(..self.end.len() - END_BYTES);
        }
        let new = behind.len().min(
            usize::try_from(self.seen_bytes.saturating_sub(OUTPUT_BYTES as u64))
                .unwrap_or(usize::MAX),
        );
        self.unseen_bytes = self.unseen_bytes.saturating_add(new);
        self.is_skipped |= self.unseen_bytes > END_BYTES;
        self.take_windows(behind, self.seen_bytes - behind.len() as u64);
    }

    fn take_windows(&mut self, piece: &[u8], start: u64) {
        loop {
            let from = behind(piece, start, self.next_window);
            if from.is_empty() {
                return;
            }
            // A window that has begun in an earlier piece goes on.
            let at = start + (piece.len() - from.len()) as u64;
            let taken = usize::try_from(at - self.next_window).unwrap_or(usize::MAX);
            let wanted = WINDOW_BYTES.saturating_sub(taken);
            if taken == 0 {
                self.windows.push(Vec::with_capacity(WINDOW_BYTES));
            }
            let part = &from[..from.len().min(wanted)];
            if let Some(window) = self.windows.last_mut() {
                window.extend_from_slice(part);
            }
            if part.len() < wanted {
                return;
            }
            let distance = (self.next_window / DISTANCE_PART).max(2 * WINDOW_BYTES as u64);
            self.next_window += distance;
        }
    }

    /// Whether so much waits that it is worth a look while more comes.
    pub(super) fn is_due(&self) -> bool {
        self.windows.len() * WINDOW_BYTES > DUE_BYTES
    }

    /// Whether anything waits.
    pub(super) fn has_unseen(&self) -> bool {
        self.unseen_bytes > 0
    }

    /// Whether not all of it was looked at.
    pub(super) const fn is_skipped(&self) -> bool {
        self.is_skipped
    }

    /// What has to be looked at now: the windows that are whole, and what came last where `is_end` or the body pauses. What a border
    /// has torn is blank.
    pub(super) fn take(&mut self, is_pause: bool, is_end: bool) -> Vec<Vec<u8>> {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        // The last one may still grow; at a pause it stands in what came last.
        let whole = self
            .windows
            .iter()
            .take_while(|window| window.len() >= WINDOW_BYTES)
            .count();
        for mut window in self.windows.drain(..whole) {
            blank_torn_start(&mut window);
            blank_torn_end(&mut window);
            texts.push(window);
        }
        if (is_pause || is_end) && self.unseen_bytes > 0 {
            let wanted = self.unseen_bytes.min(END_BYTES) + OVERLAP_BYTES;
            let mut text = last(&self.end, wanted).to_vec();
            blank_torn_start(&mut text);
            if !is_end {
                blank_torn_end(&mut text);
            }
            texts.push(text);
            self.unseen_bytes = 0;
        }
        texts
    }
}

/// The part of a piece that stands at or behind a place.
fn behind(piece: &[u8], start: u64, place: u64) -> &[u8] {
    let skipped = usize::try_from(place.saturating_sub(start)).unwrap_or(usize::MAX);
    piece.get(skipped..).unwrap_or_default()
}

fn last(bytes: &[u8], count: usize) -> &[u8] {
    &bytes[bytes.len().saturating_sub(count)..]
}
