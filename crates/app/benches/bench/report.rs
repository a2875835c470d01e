//! The table, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::machine::Machine;

/// What a row was asked to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Nothing: it is printed to be compared with.
    Nothing,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// What it should be.
    pub(crate) asked: Asked,
    /// The median.
    pub(crate) measured: f64,
    /// `/s`, `ms`, `MiB` or `x`.
    pub(crate) unit: &'static str,
    /// What helps to read it.
    pub(crate) note: String,
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Machine,
    rows: Vec<Row>,
    failures: Vec<String>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine,
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Adds a line.
    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        asked: Asked,
        (measured, unit): (f64, &'static str),
        note: impl Into<String>,
    ) {
        self.rows.push(Row {
            what: what.into(),
            asked,
            measured,
            unit,
            note: note.into(),
        });
    }

    /// Notes that a row could not be measured.
    pub(crate) fn fail(&mut self, name: &str, error: &anyhow::Error) {
        self.failures.push(format!("{name}: {error:#}"));
    }

    /// Whether everything that was asked for could be measured.
    pub(crate) fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// The lines for people. A ratio of 1 or more is as good as asked.
    pub(crate) fn table(&self) -> String {
        let lines: Vec<[String; 5]> =
            std::iter::once(["what", "asked", "measured", "ratio", ""].map(str::to_owned))
                .chain(self.rows.iter().map(|row| {
                    let asked = match row.asked {
                        Asked::AtLeast(value) => format!(">= {}", shown(value, row.unit)),
                        Asked::AtMost(value) => format!("<= {}", shown(value, row.unit)),
                        Asked::Nothing => String::new(),
                    };
                    let ratio = row
                        .ratio()
                        .map(|ratio| format!("{ratio:.2}"))
                        .unwrap_or_default();
                    [
                        row.what.clone(),
                        asked,
                        shown(row.measured, row.unit),
                        ratio,
                        row.note.clone(),
                    ]
                }))
                .collect();
        let width = |column: usize| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let [what, asked, measured, ratio] = [width(0), width(1), width(2), width(3)];
        let mut text = format!("{}\n\n", self.machine.line());
        for line in &lines {
            let [a, b, c, d, note] = line;
            let _ = writeln!(
                text,
                "{}",
                format!("{a:<what$}  {b:>asked$}  {c:>measured$}  {d:>ratio$}  {note}").trim_end()
            );
        }
        for failure in &self.failures {
            let _ = writeln!(text, "NOT MEASURED {failure}");
        }
        text
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let (at_least, at_most) = match row.asked {
                    Asked::AtLeast(value) => (Some(value), None),
                    Asked::AtMost(value) => (None, Some(value)),
                    Asked::Nothing => (None, None),
                };
                json!({
                    "what": row.what, "at_least": at_least, "at_most": at_most, "measured": row.measured, "unit": row.unit,
                    "ratio": row.ratio(), "note": row.note,
                })
            })
            .collect();
        let document =
            json!({ "machine": self.machine.json(), "rows": rows, "failures": self.failures });
        format!("{document:#}\n")
    }
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        match self.asked {
            Asked::AtLeast(value) => Some(self.measured / value),
            Asked::AtMost(value) => Some(value / self.measured),
            Asked::Nothing => None,
        }
    }
}

/// A number with as many digits as mean something.
fn shown(value: f64, unit: &str) -> String {
    let number = match value {
        value if value >= 1_000.0 => grouped(value),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    };
    match unit {
        "/s" => format!("{number}/s"),
        _ => format!("{number} {unit}"),
    }
}

/// With a comma at each thousand.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
