//! A request as the person who decides sees it: nothing left out, every hidden character visible.

use serde_json::Value;

use super::super::shown::{Column, cell, fields, table};
use crate::output::Output;

/// What is shown as text of its own, below the fields.
const LONG: [&str; 3] = ["payload", "judged", "result"];
/// What is a table of its own.
const FINDINGS: &str = "findings";

const FINDING: &[Column] = &[
    ("FINDING", &["/index"]),
    ("IN", &["/channel"]),
    ("KIND", &["/category"]),
    ("SCORE", &["/score"]),
    ("VERDICT", &["/verdict"]),
    ("WHY", &["/reason"]),
    (
        "MARKED WRONG BY",
        &["/marked_wrong_by/name", "/marked_wrong_by/id"],
    ),
];

/// The fields as a table, what scans found as another, then the payload and the rest as indented JSON.
pub(super) fn show(output: Output, request: &Value) {
    let Value::Object(all) = request else {
        return output.line(cell(request));
    };
    let short = all.iter().filter(|(name, value)| {
        !LONG.contains(&name.as_str()) && *name != FINDINGS && !value.is_null()
    });
    output.table(&fields(&Value::Object(
        short
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )));
    let findings = all.get(FINDINGS).and_then(Value::as_array);
    if let Some(findings) = findings.filter(|findings| !findings.is_empty()) {
        output.line("");
        output.table(&table(findings, FINDING));
    }
    for name in LONG {
        let Some(value) = all.get(name).filter(|value| !value.is_null()) else {
            continue;
        };
        output.line("");
        output.line(format!("{}:", name.to_uppercase()));
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        for line in text.lines() {
            output.line(line);
        }
    }
}
