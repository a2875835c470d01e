//! Numbers against values worked out by hand.

use std::time::Duration;

use super::{CaseResult, Label, Latency, Report, rows, wilson};
use crate::threat::ThreatCategory;

#[test]
fn wilson_matches_known_values() {
    let (low, high) = wilson(8, 10);
    assert!(
        (low - 0.4902).abs() < 1e-3 && (high - 0.9433).abs() < 1e-3,
        "{low} {high}"
    );
    let (low, high) = wilson(0, 100);
    assert!(
        low.abs() < 1e-9 && (high - 0.0370).abs() < 1e-3,
        "{low} {high}"
    );
    assert_eq!(wilson(0, 0), (0.0, 1.0));
}

#[test]
fn percentiles_are_those_of_the_sorted_list() {
    let latency = Latency::of((1..=100).rev().map(Duration::from_micros).collect());
    assert!((latency.p50_micros - 50.0).abs() < 1e-6);
    assert!((latency.p99_micros - 99.0).abs() < 1e-6);
    assert!((latency.max_micros - 100.0).abs() < 1e-6);
    assert!(Latency::of(Vec::new()).p99_micros.abs() < 1e-9);
}

#[test]
fn rows_are_counted_by_group_and_a_wrong_line_is_named() {
    let rows = rows(
        r#"{"id":"1","text":"a","label":"attack","category":"jailbreak","tier":"core","source_repo":"s/one","extra":3}

{"id":"2","text":"b","label":"attack","category":"jailbreak","tier":"noisy"}
{"id":"3","text":"c","label":"benign","category":"benign_general","channel":"tool_output"}"#,
    )
    .unwrap();
    let results: Vec<CaseResult> = rows
        .iter()
        .map(|row| CaseResult {
            id: row.id.clone(),
            flagged: row.id == "1",
            score: 0.5,
            category: ThreatCategory::Jailbreak,
            ms: 0.1,
        })
        .collect();
    let report = Report::of(&rows, &results, 0.5);
    let all = report.rate(Label::Attack, "all", "all").unwrap();
    assert_eq!((all.flagged, all.total), (1, 1));
    let harmless = report.rate(Label::Benign, "all", "all").unwrap();
    assert_eq!((harmless.flagged, harmless.total), (0, 1));
    assert_eq!(super::rows("{}\n").unwrap_err().line, 1);
}
