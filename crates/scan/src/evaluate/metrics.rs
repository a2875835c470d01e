//! Recall and false positives, per category, tier, source and kind of harmless text.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{
    latency::Latency,
    row::{Label, Row},
    wilson::wilson,
};
use crate::threat::ThreatCategory;

/// What the scanner said of one row: a line of `--out`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Result {
    /// The row's id.
    pub id: String,
    /// Whether the score reached the threshold.
    pub flagged: bool,
    /// The score.
    pub score: f32,
    /// The kind that was found.
    pub category: ThreatCategory,
    /// How long the scan took, in milliseconds.
    pub ms: f64,
}

/// How many of how many, with Wilson's 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Flagged rows.
    pub flagged: usize,
    /// All rows of the group.
    pub total: usize,
    /// The share, 0 without rows.
    pub rate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Rate {
    /// A rate from counts.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of rows are far below 2^52"
    )]
    pub fn of(flagged: usize, total: usize) -> Self {
        let (low, high) = wilson(flagged, total);
        Self {
            flagged,
            total,
            rate: if total == 0 {
                0.0
            } else {
                flagged as f64 / total as f64
            },
            low,
            high,
        }
    }
}

/// A named rate: for attacks it is recall, for harmless rows the false-positive rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Whether its rows are attacks.
    pub label: Label,
    /// By what rows are grouped: `all`, `tier`, `category`, `category_core`, `source`.
    pub by: &'static str,
    /// The group's name.
    pub name: String,
    /// Its rate.
    pub rate: Rate,
}

/// All rates of a corpus at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The threshold.
    pub threshold: f32,
    /// The groups, attacks first, sorted.
    pub groups: Vec<Group>,
    /// How long scans took.
    pub latency: Latency,
}

impl Report {
    /// Counts results, which belong to the rows in the same order. The tier `noisy` (rows whose label is doubtful) is only in the group of its own tier.
    pub fn of(rows: &[Row], results: &[Result], threshold: f32) -> Self {
        let mut counts: BTreeMap<(Label, &'static str, String), (usize, usize)> = BTreeMap::new();
        for (row, result) in rows.iter().zip(results) {
            let mut count = |by: &'static str, name: &str| {
                let entry = counts.entry((row.label, by, name.to_owned())).or_default();
                entry.0 += usize::from(result.flagged);
                entry.1 += 1;
            };
            let named = |name: &str| {
                if name.is_empty() {
                    "not said".to_owned()
                } else {
                    name.to_owned()
                }
            };
            count("tier", &named(&row.tier));
            if row.tier == "noisy" {
                continue;
            }
            count("all", "all");
            count("category", &named(&row.category));
            if row.tier == "core" {
                count("category_core", &named(&row.category));
                count("source_core", &named(&row.source_repo));
            }
            count("source", &named(&row.source_repo));
        }
        let durations = results
            .iter()
            .map(|result| Duration::from_secs_f64(result.ms.max(0.0) / 1e3))
            .collect();
        Self {
            threshold,
            groups: counts
                .into_iter()
                .map(|((label, by, name), (flagged, total))| Group {
                    label,
                    by,
                    name,
                    rate: Rate::of(flagged, total),
                })
                .collect(),
            latency: Latency::of(durations),
        }
    }

    /// The rate of a group.
    pub fn rate(&self, label: Label, by: &str, name: &str) -> Option<Rate> {
        self.groups
            .iter()
            .find(|group| group.label == label && group.by == by && group.name == name)
            .map(|group| group.rate)
    }
}
