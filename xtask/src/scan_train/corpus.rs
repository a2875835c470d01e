//! The corpus: which rows may be used.

use std::collections::BTreeMap;

use anyhow::Result;
use countersign_scan::evaluate::{Row, rows};

/// Beginnings of the licences whose rows may be used for training.
pub(super) const LICENCES: [&str; 6] = ["MIT", "Apache-2.0", "BSD", "CC-BY-4.0", "CC0", "ODC-BY"];

/// Rows that may be used, and how many may not.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    pub(super) rows: Vec<Row>,
    /// Rows left out, by licence.
    pub(super) refused: BTreeMap<String, usize>,
}

/// Reads a corpus and leaves out rows whose licence is not on the list.
pub(super) fn read(text: &str) -> Result<Corpus> {
    let mut corpus = Corpus::default();
    for row in rows(text)? {
        if allowed(&row.licence) {
            corpus.rows.push(row);
        } else {
            *corpus.refused.entry(row.licence).or_default() += 1;
        }
    }
    Ok(corpus)
}

/// Whether every part of a licence field (`code A; data B`) is on the list.
pub(super) fn allowed(licence: &str) -> bool {
    !licence.trim().is_empty()
        && licence.split(';').all(|part| {
            part.split_whitespace().any(|word| {
                LICENCES.iter().any(|known| {
                    word.trim_matches(|sign: char| !sign.is_ascii_alphanumeric())
                        .starts_with(known)
                })
            })
        })
}
