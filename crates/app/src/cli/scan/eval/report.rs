//! The rates and times, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_scan::evaluate::{Label, Latency, Rate, Report};
use serde_json::{Map, Value, json};

use super::corpus::Corpus;
use super::measure::Measured;
use crate::output::{Output, Table};

/// A rate of the rows that have something in common.
#[derive(Debug)]
struct Group {
    by: &'static str,
    name: String,
    rate: Rate,
}

/// What was measured of one scanner.
#[derive(Debug)]
struct Section {
    rows: usize,
    /// Of rows with a threat or secret.
    recall: Vec<Group>,
    /// Of the others.
    false_positives: Vec<Group>,
    latency: Latency,
}

/// What was measured. A scanner without rows has no section.
#[derive(Debug)]
pub(super) struct Sections {
    threats: Option<Section>,
    secrets: Option<Section>,
}

impl Sections {
    /// Counts.
    pub(super) fn of(corpus: &Corpus, measured: &Measured, threshold: f32) -> Self {
        Self {
            threats: (!corpus.threats.is_empty()).then(|| threats(corpus, measured, threshold)),
            secrets: (!corpus.secrets.is_empty()).then(|| secrets(corpus, measured)),
        }
    }

    /// The fields that programs read.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        [("threats", &self.threats), ("secrets", &self.secrets)]
            .into_iter()
            .map(|(name, section)| {
                (
                    name.to_owned(),
                    section.as_ref().map_or(Value::Null, Section::to_json),
                )
            })
            .collect()
    }

    /// The tables that people read.
    pub(super) fn show(&self, output: Output) {
        if let Some(section) = &self.threats {
            section.show(
                output,
                "attacks that were flagged (recall)",
                "harmless rows that were flagged (false positives)",
                "threats",
            );
        }
        if let Some(section) = &self.secrets {
            section.show(
                output,
                "secrets that were found (recall)",
                "rows without a secret that were flagged (false positives)",
                "secrets",
            );
        }
    }
}

fn threats(corpus: &Corpus, measured: &Measured, threshold: f32) -> Section {
    let report = Report::of(&corpus.threats, &measured.threats, threshold);
    let mut section = Section {
        rows: corpus.threats.len(),
        recall: Vec::new(),
        false_positives: Vec::new(),
        latency: report.latency,
    };
    for group in report.groups {
        let rates = match group.label {
            Label::Attack => &mut section.recall,
            Label::Benign => &mut section.false_positives,
        };
        rates.push(Group {
            by: group.by,
            name: group.name,
            rate: group.rate,
        });
    }
    section
}

fn secrets(corpus: &Corpus, measured: &Measured) -> Section {
    let mut counts: BTreeMap<(bool, &'static str, &str), (usize, usize)> = BTreeMap::new();
    for (row, result) in corpus.secrets.iter().zip(&measured.secrets) {
        for (by, name) in [
            ("all", "all"),
            ("rule", row.rule.as_str()),
            ("source", &row.source),
            ("tier", &row.tier),
        ] {
            let name = if name.is_empty() { "not said" } else { name };
            let count = counts.entry((row.expect, by, name)).or_default();
            count.0 += usize::from(result.rule.is_some());
            count.1 += 1;
        }
    }
    let durations = measured
        .secrets
        .iter()
        .map(|result| Duration::from_secs_f64(result.ms / 1e3))
        .collect();
    let mut section = Section {
        rows: corpus.secrets.len(),
        recall: Vec::new(),
        false_positives: Vec::new(),
        latency: Latency::of(durations),
    };
    for ((expect, by, name), (flagged, total)) in counts {
        let rates = if expect {
            &mut section.recall
        } else {
            &mut section.false_positives
        };
        rates.push(Group {
            by,
            name: name.to_owned(),
            rate: Rate::of(flagged, total),
        });
    }
    section
}

impl Section {
    fn to_json(&self) -> Value {
        let overall = |groups: &[Group]| {
            groups
                .iter()
                .find(|group| group.by == "all")
                .map(|group| json!(group.rate))
        };
        let groups = |groups: &[Group]| -> Vec<Value> {
            groups
                .iter()
                .map(|group| {
                    let mut value = json!(group.rate);
                    value["by"] = json!(group.by);
                    value["name"] = json!(group.name);
                    value
                })
                .collect()
        };
        let [p50, p90, p99, max] = self.milliseconds();
        json!({
            "rows": self.rows,
            "recall": overall(&self.recall),
            "false_positives": overall(&self.false_positives),
            "groups": {
                "recall": groups(&self.recall),
                "false_positives": groups(&self.false_positives),
            },
            "latency_ms": { "p50": p50, "p90": p90, "p99": p99, "max": max },
        })
    }

    fn show(&self, output: Output, recall: &str, false_positives: &str, name: &str) {
        for (heading, groups) in [
            (recall, &self.recall),
            (false_positives, &self.false_positives),
        ] {
            if groups.is_empty() {
                continue;
            }
            output.line("");
            output.line(heading);
            let mut table = Table::new(&["BY", "NAME", "FLAGGED", "OF", "RATE", "95 % INTERVAL"]);
            for Group { by, name, rate } in groups {
                table.row([
                    by.replace('_', ", "),
                    name.clone(),
                    rate.flagged.to_string(),
                    rate.total.to_string(),
                    format!("{:.1} %", rate.rate * 100.0),
                    format!("{:.1} to {:.1} %", rate.low * 100.0, rate.high * 100.0),
                ]);
            }
            output.table(&table);
            if groups.iter().any(|group| group.name == "noisy") {
                output
                    .line("rows of the tier noisy (doubtful labels) count in their own tier only");
            }
        }
        let [p50, p90, p99, max] = self.milliseconds();
        output.line("");
        output.line(format!(
            "time for each of {} rows ({name}), in ms: p50 {p50:.3}, p90 {p90:.3}, p99 {p99:.3}, max {max:.3}",
            self.rows
        ));
    }

    fn milliseconds(&self) -> [f64; 4] {
        let Latency {
            p50_micros,
            p90_micros,
            p99_micros,
            max_micros,
        } = self.latency;
        // Back to what was measured, a tenth of a microsecond.
        [p50_micros, p90_micros, p99_micros, max_micros].map(|micros| (micros * 10.0).round() / 1e4)
    }
}
