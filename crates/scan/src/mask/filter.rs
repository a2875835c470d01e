//! Skips the positions at which no occurrence can start.
//!
//! A masker is built for every proxied call, so building must cost less than reading a small reply, which rules out an
//! automaton. Instead: for each of the first four bytes of an occurrence, a table says in which patterns a byte may stand
//! there. Filling it takes some dozens of writes, asking it four loads a position.

use std::fmt;

use zeroize::Zeroize;

use super::encodings::Encoding;

/// Leading bytes that are looked at.
const DEPTH: usize = 4;

/// Patterns that the tables tell apart; pattern N is in bucket N modulo this.
pub(super) const BUCKETS: usize = 32;

type Tables = [[u32; 256]; DEPTH];

/// INVARIANT: where an occurrence of a pattern starts, or may start once more text has come, the filter reports the
/// pattern's bucket. The reverse does not hold.
pub(super) struct Filter {
    tables: Box<Tables>,
}

impl Filter {
    /// A filter that reports nothing.
    pub(super) fn new() -> Self {
        Self {
            tables: Box::new([[0; 256]; DEPTH]),
        }
    }

    /// Makes the filter report `pattern` where `value` in `encoding` may start.
    pub(super) fn add(&mut self, pattern: usize, value: &[u8], encoding: Encoding) {
        let bucket = 1 << (pattern % BUCKETS);
        admit(&mut self.tables, bucket, value, encoding, 0, 0);
    }

    /// The first position from `from` to before `until` at which an occurrence may start, and the buckets in question.
    pub(super) fn next(&self, text: &[u8], from: usize, until: usize) -> Option<(usize, u32)> {
        let [first, second, third, fourth] = &*self.tables;
        let whole_until = text.len().saturating_sub(DEPTH - 1).min(until);
        if let Some(windows) = text.get(from..whole_until + DEPTH - 1) {
            for (index, &[a, b, c, d]) in windows.array_windows::<DEPTH>().enumerate() {
                let buckets = first[usize::from(a)]
                    & second[usize::from(b)]
                    & third[usize::from(c)]
                    & fourth[usize::from(d)];
                if buckets != 0 {
                    return Some((from + index, buckets));
                }
            }
        }
        (from.max(whole_until)..until).find_map(|at| {
            let rest = text.get(at..)?;
            let buckets = self
                .tables
                .iter()
                .zip(rest)
                .fold(u32::MAX, |buckets, (table, &byte)| {
                    buckets & table[usize::from(byte)]
                });
            (buckets != 0).then_some((at, buckets))
        })
    }
}

fn admit(
    tables: &mut Tables,
    bucket: u32,
    value: &[u8],
    encoding: Encoding,
    unit: usize,
    offset: usize,
) {
    if offset >= DEPTH {
        return;
    }
    if unit >= encoding.unit_count(value) {
        // The occurrence may end here: anything may follow it.
        for entry in tables.iter_mut().skip(offset).flatten() {
            *entry |= bucket;
        }
        return;
    }
    encoding.spellings(value, unit, |spelling| {
        for (table, bytes) in tables.iter_mut().skip(offset).zip(spelling.accepted()) {
            for byte in bytes {
                table[usize::from(byte)] |= bucket;
            }
        }
        admit(
            tables,
            bucket,
            value,
            encoding,
            unit + spelling.units(),
            offset + spelling.length(),
        );
    });
}

impl Drop for Filter {
    /// The tables tell the first bytes of the values.
    fn drop(&mut self) {
        self.tables.zeroize();
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Filter").finish_non_exhaustive()
    }
}
