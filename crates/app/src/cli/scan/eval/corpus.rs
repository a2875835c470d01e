//! The rows of a corpus: read line by line, refused as a whole at the first line that is wrong.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use countersign_scan::evaluate::{Label, Row};
use countersign_scan::threat::Channel;
use serde::Deserialize;
use serde_json::Value;

use super::super::input::unreadable;
use crate::failure::{Failure, Result};

#[cfg(test)]
mod tests;

/// Longest line. Escapes make a line up to six times as long as its text.
const LONGEST_LINE_MEBIBYTES: u64 = 64;

/// A row for the secret scanner.
#[derive(Debug)]
pub(super) struct SecretRow {
    pub(super) text: String,
    pub(super) expect: bool,
    /// Which rule it was made for, else its category.
    pub(super) rule: String,
    pub(super) source: String,
    pub(super) tier: String,
}

/// Which list the next row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Threat,
    Secret,
}

/// All rows. Threats and secrets are counted apart; `order` is that of the file.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    /// The rows' ids as they stand in the file, text or number.
    pub(super) order: Vec<(Value, Kind)>,
    pub(super) threats: Vec<Row>,
    pub(super) secrets: Vec<SecretRow>,
}

/// What is read of a line. Fields are looked at one by one, so that an error can name its field.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    id: Value,
    text: Value,
    label: Value,
    expect: Value,
    category: Value,
    channel: Value,
    tier: Value,
    source_repo: Value,
    rule: Value,
}

impl Corpus {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Self::from_reader(BufReader::new(io::stdin()), &"standard input");
        }
        let name = path.display();
        let file = File::open(path).map_err(|error| Failure::usage(unreadable(&name, &error)))?;
        Self::from_reader(BufReader::new(file), &name)
    }

    fn from_reader(mut reader: impl BufRead, name: &dyn Display) -> Result<Self> {
        let mut corpus = Self::default();
        let mut bytes = Vec::new();
        let longest = LONGEST_LINE_MEBIBYTES << 20;
        for number in 1_usize.. {
            let refuse = |problem: String| {
                Failure::usage(format!(
                    "{name}:{number}: {problem}; the corpus is refused as a whole"
                ))
                .next("a row needs `id`, `text`, and `label` (attack or benign) or, for secrets, `expect` (true or false)")
            };
            bytes.clear();
            let read = reader
                .by_ref()
                .take(longest + 1)
                .read_until(b'\n', &mut bytes)
                .map_err(|error| Failure::usage(format!("{name} can't be read: {error}")))?;
            if read == 0 {
                break;
            }
            if read as u64 > longest {
                return Err(refuse(format!(
                    "the line is longer than {LONGEST_LINE_MEBIBYTES} MiB"
                )));
            }
            let line = std::str::from_utf8(&bytes)
                .map_err(|_| refuse("the line is not UTF-8 text".to_owned()))?;
            // Some editors put a byte order mark in front.
            let line = line
                .strip_prefix('\u{feff}')
                .filter(|_| number == 1)
                .unwrap_or(line)
                .trim();
            if !line.is_empty() {
                corpus.add(line).map_err(refuse)?;
            }
        }
        if corpus.len() == 0 {
            return Err(Failure::usage(format!("{name} has no rows"))
                .next("give a file with a JSON object on each line"));
        }
        Ok(corpus)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        // A list would be read as the fields in their order.
        if !line.starts_with('{') {
            return Err("the line is not a JSON object".to_owned());
        }
        let line: Line = serde_json::from_str(line).map_err(|error| {
            let told = error.to_string();
            let told = told.split(" at line ").next().unwrap_or_default();
            format!("not JSON: {told} (column {})", error.column())
        })?;
        let id = match line.id {
            id @ (Value::String(_) | Value::Number(_)) => id,
            Value::Null => return Err("`id` is missing".to_owned()),
            _ => return Err("`id` is neither a text nor a number".to_owned()),
        };
        let content = match line.text {
            Value::String(content) => content,
            Value::Null => return Err("`text` is missing".to_owned()),
            _ => return Err("`text` is not a text".to_owned()),
        };
        let channel = match optional(line.channel, "channel")? {
            None => Channel::User,
            Some(channel) => channel.parse().map_err(|()| {
                format!("`channel` is `{channel}`: it has to be user or tool_output")
            })?,
        };
        let category = optional(line.category, "category")?.unwrap_or_default();
        let tier = optional(line.tier, "tier")?.unwrap_or_default();
        let source = optional(line.source_repo, "source_repo")?.unwrap_or_default();
        match (line.label, line.expect) {
            (Value::Null, Value::Null) => {
                return Err("neither `label` nor `expect` is there".to_owned());
            }
            (Value::Null, Value::Bool(expect)) => {
                let rule = optional(line.rule, "rule")?.unwrap_or(category);
                self.order.push((id, Kind::Secret));
                self.secrets.push(SecretRow {
                    text: content,
                    expect,
                    rule,
                    source,
                    tier,
                });
            }
            (Value::Null, _) => {
                return Err("`expect` has to be true or false".to_owned());
            }
            (_, Value::Bool(_)) => {
                return Err(
                    "both `label` and `expect` are there: a row is for threats or for secrets"
                        .to_owned(),
                );
            }
            (label, _) => {
                let label = match label.as_str() {
                    Some("attack") => Label::Attack,
                    Some("benign") => Label::Benign,
                    Some(other) => {
                        return Err(format!(
                            "`label` is `{other}`: it has to be attack or benign"
                        ));
                    }
                    None => return Err("`label` has to be attack or benign".to_owned()),
                };
                self.order.push((id, Kind::Threat));
                self.threats.push(Row {
                    // Held once, in `order`.
                    id: String::new(),
                    text: content,
                    label,
                    category,
                    channel,
                    tier,
                    source_repo: source,
                    licence: String::new(),
                });
            }
        }
        Ok(())
    }
}

/// A field that may be missing.
fn optional(value: Value, name: &str) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(format!("`{name}` is not a text")),
    }
}
