//! Finds occurrences of the values in a text that may go on.
//!
//! It sees one piece of text at a time and remembers nothing; what has to be kept between pieces is the stream's business.

use std::{collections::BTreeSet, fmt};

use zeroize::Zeroizing;

use super::{
    encodings::{Encoding, Fit, longest_occurrence_bytes},
    filter::{BUCKETS, Filter},
};

/// What stands at one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it starts.
    pub(super) at: usize,
    /// The longest occurrence that starts there.
    pub(super) occurrence: Option<Occurrence>,
    /// With more text, another or a longer occurrence could start there.
    pub(super) open: bool,
}

/// A stretch of text that spells a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// Position after its last byte.
    pub(super) end: usize,
    /// Index of the value.
    pub(super) value: usize,
}

struct Pattern {
    value: usize,
    encoding: Encoding,
}

/// The values of a lease and how to find them.
pub(super) struct Matcher {
    values: Vec<Zeroizing<Vec<u8>>>,
    patterns: Vec<Pattern>,
    filter: Filter,
}

impl Matcher {
    /// A matcher for `values`; their order is their index.
    pub(super) fn new<'value>(values: impl Iterator<Item = &'value [u8]>) -> Self {
        let values: Vec<_> = values.map(|value| Zeroizing::new(value.to_vec())).collect();
        let mut patterns = Vec::with_capacity(values.len() * Encoding::ALL.len());
        let mut filter = Filter::new();
        for (index, value) in values.iter().enumerate() {
            for encoding in Encoding::ALL {
                if encoding.applies(value) {
                    filter.add(patterns.len(), value, encoding);
                    patterns.push(Pattern {
                        value: index,
                        encoding,
                    });
                }
            }
        }
        Self {
            values,
            patterns,
            filter,
        }
    }

    /// An upper bound on the length of any occurrence.
    pub(super) fn longest_occurrence_bytes(&self) -> usize {
        self.values
            .iter()
            .map(|value| longest_occurrence_bytes(value.len()))
            .max()
            .unwrap_or(0)
    }

    /// How many values are looked for.
    pub(super) fn value_count(&self) -> usize {
        self.values.len()
    }

    /// The first position from `from` to before `until` at which an occurrence starts or may start. `last`: no more text
    /// will come.
    pub(super) fn next(
        &self,
        text: &[u8],
        mut from: usize,
        until: usize,
        last: bool,
    ) -> Option<Found> {
        if self.patterns.is_empty() {
            return None;
        }
        while let Some((at, buckets)) = self.filter.next(text, from, until) {
            let found = self.at(text, at, buckets, last);
            if found.open || found.occurrence.is_some() {
                return Some(found);
            }
            from = at + 1;
        }
        None
    }

    fn at(&self, text: &[u8], at: usize, buckets: u32, last: bool) -> Found {
        let mut found = Found {
            at,
            occurrence: None,
            open: false,
        };
        for (index, pattern) in self.patterns.iter().enumerate() {
            let Some(value) = self.values.get(pattern.value) else {
                continue;
            };
            if buckets >> (index % BUCKETS) & 1 == 0 {
                continue;
            }
            let (end, open) = compare(value, pattern.encoding, text, at, last);
            found.open |= open;
            if let Some(end) = end
                && found.occurrence.is_none_or(|longest| longest.end < end)
            {
                found.occurrence = Some(Occurrence {
                    end,
                    value: pattern.value,
                });
            }
        }
        found
    }
}

/// The longest end of `value` in `encoding` from `start` on, and whether more text could give another.
///
/// A text can often be read in one way only. Where it can't (`%25` may be a percent sign or three characters of a value
/// that has them), all ways are followed, ordered by unit, so that each is followed once.
fn compare(
    value: &[u8],
    encoding: Encoding,
    text: &[u8],
    start: usize,
    last: bool,
) -> (Option<usize>, bool) {
    let unit_count = encoding.unit_count(value);
    let mut longest = None;
    let mut open = false;
    let mut only = Some((0, start));
    let mut several = BTreeSet::new();
    while let Some((unit, position)) = only.take().or_else(|| several.pop_first()) {
        if unit >= unit_count {
            let ending = encoding.ending(value, text, position, last);
            longest = longest.max(Some(ending.at));
            open |= ending.open;
            continue;
        }
        let rest = text.get(position..).unwrap_or_default();
        encoding.spellings(value, unit, |spelling| match spelling.fit(rest) {
            Fit::Whole => {
                let next = (unit + spelling.units(), position + spelling.length());
                if only.is_none() && several.is_empty() {
                    only = Some(next);
                } else {
                    several.extend(only.take());
                    several.insert(next);
                }
            }
            Fit::Cut => open |= !last,
            Fit::No => {}
        });
    }
    (longest, open)
}

impl fmt::Debug for Matcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Matcher")
            .field("values", &self.values.len())
            .field("patterns", &self.patterns.len())
            .finish_non_exhaustive()
    }
}
