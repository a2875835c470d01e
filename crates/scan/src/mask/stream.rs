//! The masker: replaces what the matcher finds and keeps what is undecided between two chunks.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use zeroize::{Zeroize, Zeroizing};

use super::matcher::Matcher;

/// What stands in the output for every masked occurrence.
///
/// Plain ASCII without quotes or backslashes, so a JSON string stays one.
pub const MASK: &[u8] = b"[masked:credential]";

/// Replaces the secret values of one credential lease in a byte stream.
///
/// Feed a stream with [`push`](Self::push) or [`mask_chunk`](Self::mask_chunk), then call [`finish`](Self::finish);
/// afterwards the masker is ready for another stream. Header values and other short texts go through
/// [`mask_all`](Self::mask_all), which is independent of the stream.
///
/// INVARIANT: the output is a function of the bytes fed, whatever the chunks; the values, the tables made from them and
/// the bytes held back are zeroised on drop. No method panics on any input.
pub struct LeaseMasker {
    matcher: Matcher,
    sightings: Vec<Sighting>,
    /// The undecided end of the stream.
    held: Zeroizing<Vec<u8>>,
    /// How many bytes of `held` are covered by a mark that is already out.
    covered: usize,
    marks: u64,
}

struct Sighting {
    label: &'static str,
    seen: bool,
}

/// How far a piece of text has been dealt with.
enum Rest {
    /// All of it; the last mark reaches this many bytes beyond.
    Nothing { covered: usize },
    /// Up to `at`, where an occurrence may start; the last mark reaches `covered` bytes beyond that.
    Undecided { at: usize, covered: usize },
}

impl LeaseMasker {
    /// A masker for the given values, each with a label that may be shown (`"bearer token"`).
    ///
    /// For basic authentication pass the password and the joined `user:password`. The user name is masked only if it is
    /// passed too, and is then masked wherever it occurs: short common words make poor values. Empty values are ignored.
    pub fn new(values: &[(&'static str, &[u8])]) -> Self {
        Self {
            matcher: Matcher::new(values.iter().map(|(_, value)| *value)),
            sightings: values
                .iter()
                .map(|&(label, _)| Sighting { label, seen: false })
                .collect(),
            held: Zeroizing::new(Vec::new()),
            covered: 0,
            marks: 0,
        }
    }

    /// Appends to `out` what is decided after the next `chunk` of the stream.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let Some(covered) = self.settle_held(chunk, out) else {
            return;
        };
        match self.run(chunk, chunk.len(), covered, false, out) {
            Rest::Nothing { .. } => {}
            Rest::Undecided { at, covered } => {
                self.hold(&[chunk.get(at..).unwrap_or_default()], covered);
            }
        }
    }

    /// Appends to `out` what was held back, now that the stream has ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        let covered = std::mem::take(&mut self.covered);
        self.run(&held, held.len(), covered, true, out);
    }

    /// [`push`](Self::push) for a buffer: what needs no change is passed on without a copy.
    ///
    /// The answer may be empty, or longer than `chunk`.
    pub fn mask_chunk(&mut self, chunk: Bytes) -> Bytes {
        if self.held.is_empty() {
            match self.matcher.next(&chunk, 0, chunk.len(), false) {
                None => return chunk,
                Some(found) if found.occurrence.is_none() => {
                    self.hold(&[chunk.get(found.at..).unwrap_or_default()], 0);
                    return chunk.slice(..found.at);
                }
                Some(_) => {}
            }
        }
        let mut out = Vec::with_capacity(self.held.len() + chunk.len() + MASK.len());
        self.push(&chunk, &mut out);
        out.into()
    }

    /// [`finish`](Self::finish) for those who use [`mask_chunk`](Self::mask_chunk): the last, often empty, piece.
    pub fn finish_chunk(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.finish(&mut out);
        out.into()
    }

    /// Masks a text that is complete. Borrows if there is nothing to mask. The stream is not touched, and neither are
    /// [`marks`](Self::marks) and [`seen_labels`](Self::seen_labels).
    pub fn mask_all<'text>(&self, text: &'text [u8]) -> Cow<'text, [u8]> {
        if !self.is_match(text) {
            return Cow::Borrowed(text);
        }
        let mut out = Vec::with_capacity(text.len() + MASK.len());
        run(&self.matcher, text, text.len(), 0, true, &mut out, |_| {});
        Cow::Owned(out)
    }

    /// Whether a complete text has anything to mask.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.matcher.next(text, 0, text.len(), true).is_some()
    }

    /// How many bytes of the stream are held back.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// How many marks have been put into the stream.
    pub fn marks(&self) -> u64 {
        self.marks
    }

    /// Labels of the values that were masked in the stream. Where several values start at one place, the longest counts.
    pub fn seen_labels(&self) -> impl Iterator<Item = &'static str> {
        self.sightings
            .iter()
            .filter(|sighting| sighting.seen)
            .map(|sighting| sighting.label)
    }

    /// Decides the held bytes with the help of the next chunk. Answers how many bytes of the chunk the last mark covers,
    /// or nothing if the chunk was used up and held as well.
    fn settle_held(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let held_bytes = self.held.len();
        if held_bytes == 0 {
            return Some(0);
        }
        // An occurrence that starts in the held bytes ends within `ahead`; so only a short seam has to be copied.
        let (ahead, beyond) =
            chunk.split_at(chunk.len().min(self.matcher.longest_occurrence_bytes()));
        let seam = joined(&[&self.held, ahead]);
        match self.run(&seam, held_bytes, self.covered, false, out) {
            Rest::Nothing { covered } => {
                self.hold(&[], 0);
                Some(covered)
            }
            Rest::Undecided { at, covered } => {
                self.hold(&[seam.get(at..).unwrap_or_default(), beyond], covered);
                None
            }
        }
    }

    fn hold(&mut self, parts: &[&[u8]], covered: usize) {
        self.held.zeroize();
        if !parts.is_empty() {
            self.held = joined(parts);
        }
        self.covered = covered;
    }

    fn run(
        &mut self,
        text: &[u8],
        until: usize,
        covered: usize,
        last: bool,
        out: &mut Vec<u8>,
    ) -> Rest {
        let Self {
            matcher,
            sightings,
            marks,
            ..
        } = self;
        run(
            matcher,
            text,
            until,
            covered,
            last,
            out,
            |seen| match seen {
                Seen::Mark => *marks += 1,
                Seen::Value(index) => {
                    if let Some(sighting) = sightings.get_mut(index) {
                        sighting.seen = true;
                    }
                }
            },
        )
    }
}

/// Something that `run` came by.
enum Seen {
    Mark,
    Value(usize),
}

/// Copies `text` to `out`, masked, from where the last mark ends (`covered`) to `until`, or to where it is undecided.
///
/// Looks at each position in turn, also at those inside an occurrence: values that overlap are covered to the last byte.
fn run(
    matcher: &Matcher,
    text: &[u8],
    until: usize,
    mut covered: usize,
    last: bool,
    out: &mut Vec<u8>,
    mut note: impl FnMut(Seen),
) -> Rest {
    let mut from = 0;
    while let Some(found) = matcher.next(text, from, until, last) {
        if let Some(occurrence) = found.occurrence {
            if found.at >= covered {
                out.extend_from_slice(text.get(covered..found.at).unwrap_or_default());
                out.extend_from_slice(MASK);
                note(Seen::Mark);
            }
            note(Seen::Value(occurrence.value));
            covered = covered.max(occurrence.end);
        }
        if found.open {
            out.extend_from_slice(text.get(covered..found.at).unwrap_or_default());
            return Rest::Undecided {
                at: found.at,
                covered: covered.saturating_sub(found.at),
            };
        }
        from = found.at + 1;
    }
    out.extend_from_slice(text.get(covered..until).unwrap_or_default());
    Rest::Nothing {
        covered: covered.saturating_sub(until),
    }
}

/// One buffer of the exact size, so that no half of it stays behind in freed memory.
fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(
        parts.iter().map(|part| part.len()).sum(),
    ));
    for part in parts {
        whole.extend_from_slice(part);
    }
    whole
}

impl fmt::Debug for LeaseMasker {
    /// Counts only.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LeaseMasker")
            .field("values", &self.matcher.value_count())
            .field("held_bytes", &self.held.len())
            .field("marks", &self.marks)
            .finish_non_exhaustive()
    }
}
