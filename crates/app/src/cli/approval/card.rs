//! A request as the person who decides sees it: every byte that would run, every hidden character visible.
//!
//! INVARIANT: what this does not know is shown at the end, never dropped. Only what is said elsewhere in other words is left to `--json`:
//! the facts as they were judged and the ledger's entries.

use serde_json::{Map, Value};

use super::super::shown::{Column, cell, flat_fields, table, text};
use crate::output::{Output, Table};

/// What `--json` alone shows.
const LEFT_TO_JSON: [&str; 3] = ["judged", "entries", "decided_by"];

const FINDING: &[Column] = &[
    ("FINDING", &["/index"]),
    ("IN", &["/channel"]),
    ("AT", &["/place"]),
    ("KIND", &["/category"]),
    ("SCORE", &["/score"]),
    ("DID", &["/did"]),
    ("WHY", &["/reason"]),
    (
        "MARKED WRONG BY",
        &["/marked_wrong_by/name", "/marked_wrong_by/id"],
    ),
];

const STEP: &[Column] = &[
    ("AT", &["/at"]),
    ("WHAT", &["/kind"]),
    ("STATE", &["/state"]),
    ("BY", &["/actor/name", "/actor/id", "/actor/kind"]),
    ("OUTCOME", &["/outcome"]),
    ("NOTE", &["/note"]),
];

const VOICE: &[Column] = &[
    ("SAID BY", &["/speaker"]),
    ("NAME", &["/name", "/id"]),
    ("VERDICT", &["/verdict"]),
    ("DECIDED", &["/has_decided"]),
    ("WHY", &["/reason"]),
];

const VOTE: &[Column] = &[
    ("VOTE", &["/kind"]),
    ("BY", &["/operator_name", "/operator"]),
    ("AT", &["/at"]),
    ("NOTE", &["/note"]),
];

/// The fields of the first group, in order: label and name.
const REQUEST: [(&str, &str); 16] = [
    ("request", "id"),
    ("state", "state"),
    ("agent", "agent"),
    ("target", "target"),
    ("profile", "profile"),
    ("action", "action"),
    ("intent", "intent"),
    ("effect", "effect"),
    ("urgency", "urgency"),
    ("risk", "risk_score"),
    ("risk because", "risk_reasons"),
    ("verdict", "verdict"),
    ("because", "reason"),
    ("votes needed", "quorum"),
    ("deadline", "deadline"),
    ("outcome", "outcome"),
];

/// The request, group by group.
pub(super) fn show(output: Output, request: &Value) {
    let Value::Object(all) = request else {
        return output.line(cell(request));
    };
    let mut rest = all.clone();
    let mut first = Table::new(&["REQUEST", ""]);
    for (label, name) in REQUEST {
        if let Some(value) = rest.remove(name).filter(|value| !is_nothing(value)) {
            first.row([label.to_owned(), cell(&value)]);
        }
    }
    if let Some(by) = rest.remove("requester") {
        let name = ["/name", "/id", "/kind"]
            .iter()
            .map(|place| text(&by, place))
            .find(|name| !name.is_empty());
        let mut asked = name.unwrap_or("-").to_owned();
        if rest.remove("is_self_asked") == Some(Value::Bool(true)) {
            asked.push_str(" (you)");
        }
        first.row(["asked by".to_owned(), asked]);
    }
    if rest.remove("is_current") == Some(Value::Bool(false)) {
        first.row([
            "changed since".to_owned(),
            "what is shown is not what would run now: approving makes it stale".to_owned(),
        ]);
    }
    output.table(&first);
    findings(output, rest.remove("findings"));
    sends(output, rest.remove("will_send"));
    payload(output, rest.remove("payload"));
    result(output, rest.remove("result"));
    rows(output, rest.remove("votes"), VOTE);
    let voices = rest
        .remove("trace")
        .and_then(|mut trace| Some(trace.get_mut("voices")?.take()));
    rows(output, voices, VOICE);
    rows(output, rest.remove("timeline"), STEP);
    others(output, rest);
}

/// What no group has taken: ids and hashes, and what a newer gateway says.
fn others(output: Output, mut rest: Map<String, Value>) {
    for name in LEFT_TO_JSON {
        rest.remove(name);
    }
    rest.retain(|_, value| !is_nothing(value));
    if !rest.is_empty() {
        output.line("");
        output.table(&flat_fields(&Value::Object(rest)));
    }
    output.note("--json has the facts as they were judged and the ledger's entries, too");
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn rows(output: Output, items: Option<Value>, columns: &[Column]) {
    if let Some(Value::Array(items)) = items
        && !items.is_empty()
    {
        output.line("");
        output.table(&table(&items, columns));
    }
}

fn findings(output: Output, found: Option<Value>) {
    let Some(Value::Array(mut items)) = found else {
        return;
    };
    for finding in &mut items {
        // A verdict to allow reads as if the finding were harmless.
        let did = match text(finding, "/verdict") {
            "allow" => "recorded",
            "ask" => "asks",
            "deny" => "denies",
            other => other,
        };
        finding["did"] = did.into();
    }
    rows(output, Some(Value::Array(items)), FINDING);
}

fn sends(output: Output, sent: Option<Value>) {
    let Some(sent) = sent.filter(Value::is_object) else {
        return;
    };
    output.line("");
    output.line("WILL SEND");
    output.line(format!(
        "{} {}",
        text(&sent, "/method"),
        text(&sent, "/url")
    ));
    let headers = sent.get("headers").and_then(Value::as_array);
    for header in headers.into_iter().flatten() {
        let value = header.get("value").and_then(Value::as_str);
        let value = value.unwrap_or("(the credential)");
        output.line(format!("{}: {value}", text(header, "/name")));
    }
    let parameter = text(&sent, "/credential_parameter");
    if !parameter.is_empty() {
        output.line(format!("the query parameter {parameter} is the credential"));
    }
}

fn payload(output: Output, payload: Option<Value>) {
    let Some(Value::Object(mut payload)) = payload else {
        return;
    };
    let body = payload.remove("body");
    output.line("");
    output.line("PAYLOAD");
    output.table(&flat_fields(&Value::Object(payload)));
    body_lines(output, body);
}

fn result(output: Output, result: Option<Value>) {
    let Some(Value::Object(mut result)) = result else {
        return;
    };
    let body = result.remove("body");
    output.line("");
    output.line("RESULT");
    output.table(&flat_fields(&Value::Object(result)));
    body_lines(output, body);
}

/// A body as it is, line by line.
fn body_lines(output: Output, body: Option<Value>) {
    let Some(Value::String(body)) = body.filter(|body| !is_nothing(body)) else {
        return;
    };
    output.line("");
    for line in body.split('\n') {
        output.line(line);
    }
}
