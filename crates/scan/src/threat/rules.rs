//! The rules: loading with line numbers, and matching behind a prefilter.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use thiserror::Error;

use super::category::ThreatCategory;
use crate::model::RULES;

const SHIPPED: &str = include_str!("rules.jsonl");
/// The version of the rule file's format.
const VERSION: u32 = 1;
/// How many times one rule is reported in one block.
const MATCHES: usize = 4;
/// Compiled size that one pattern may have.
const PATTERN_BYTES: usize = 8 << 20;

/// Why a rule file is refused; always as a whole.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the rule file is refused, line {line}: {problem}")]
pub struct RuleSetError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    /// For the reader of the file; the model learns what a rule says of the category.
    #[serde(rename = "category")]
    _category: ThreatCategory,
    weight: f32,
    any: Vec<String>,
    pattern: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) weight: f32,
    pub(super) reason: String,
    pattern: Regex,
}

/// A rule that fired, with the bytes that it matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) rule: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Rules that were checked and compiled.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    prefilter: AhoCorasick,
    /// The rule of each literal.
    owners: Vec<u16>,
}

impl RuleSet {
    /// The rules that are built in.
    ///
    /// # Errors
    ///
    /// When the built-in file has an error, which a test rules out.
    pub fn shipped() -> Result<Self, RuleSetError> {
        Self::parse(SHIPPED)
    }

    /// Reads rules: one JSON object per line, after `{"version":1}`; empty lines and lines beginning with `//` don't count.
    ///
    /// # Errors
    ///
    /// At the first line that is wrong; nothing of the file is used then.
    pub fn parse(text: &str) -> Result<Self, RuleSetError> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut literals = Vec::new();
        let mut owners = Vec::new();
        let mut version = None;
        for (index, row) in text.lines().enumerate() {
            let refuse = |problem: String| RuleSetError {
                line: index + 1,
                problem,
            };
            let row = row.trim();
            if row.is_empty() || row.starts_with("//") {
                continue;
            }
            if version.is_none() {
                let head: Head = serde_json::from_str(row).map_err(|error| {
                    refuse(format!(
                        "the first line must be {{\"version\":{VERSION}}} ({error})"
                    ))
                })?;
                if head.version != VERSION {
                    return Err(refuse(format!(
                        "version {} is not known, this program reads version {VERSION}",
                        head.version
                    )));
                }
                version = Some(head.version);
                continue;
            }
            let row: Row = serde_json::from_str(row)
                .map_err(|error| refuse(format!("this is not a rule: {error}")))?;
            let rule = compile(row, &rules, &mut literals, &mut owners).map_err(refuse)?;
            rules.push(rule);
        }
        if version.is_none() {
            return Err(RuleSetError {
                line: 1,
                problem: format!("the file has no rules: begin with {{\"version\":{VERSION}}}"),
            });
        }
        let prefilter = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .map_err(|error| RuleSetError {
                line: 1,
                problem: format!("its literals are too many: {error}"),
            })?;
        Ok(Self {
            rules,
            prefilter,
            owners,
        })
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules' ids, in the order of the file.
    pub fn ids(&self) -> Vec<&str> {
        self.rules.iter().map(|rule| rule.id.as_str()).collect()
    }

    /// The weights of the file, in its order.
    pub fn weights(&self) -> Vec<f32> {
        self.rules.iter().map(|rule| rule.weight).collect()
    }

    /// The rules that fire on a text.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let mut candidates = [0_u64; RULES.div_ceil(64)];
        let mut any = false;
        for found in self.prefilter.find_overlapping_iter(text) {
            let owner = usize::from(
                self.owners
                    .get(found.pattern().as_usize())
                    .copied()
                    .unwrap_or_default(),
            );
            if let Some(word) = candidates.get_mut(owner / 64) {
                *word |= 1 << (owner % 64);
                any = true;
            }
        }
        let mut hits = Vec::new();
        if !any {
            return hits;
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let candidate = candidates
                .get(index / 64)
                .is_some_and(|word| word & (1 << (index % 64)) != 0);
            if candidate {
                hits.extend(
                    rule.pattern
                        .find_iter(text.as_bytes())
                        .take(MATCHES)
                        .map(|found| Hit {
                            rule: index,
                            start: found.start(),
                            end: found.end(),
                        }),
                );
            }
        }
        hits
    }
}

fn compile(
    row: Row,
    rules: &[Rule],
    literals: &mut Vec<String>,
    owners: &mut Vec<u16>,
) -> Result<Rule, String> {
    if rules.iter().any(|rule| rule.id == row.id) {
        return Err(format!(
            "the id {} is there twice: give this rule another one",
            row.id
        ));
    }
    if rules.len() >= RULES {
        return Err(format!("there are more than {RULES} rules: take some out"));
    }
    if row.id.is_empty() || row.reason.is_empty() {
        return Err("id and reason must not be empty".to_owned());
    }
    if !row.weight.is_finite() || !(0.0..=10.0).contains(&row.weight) {
        return Err(format!("the weight {} is not between 0 and 10", row.weight));
    }
    if row.any.is_empty() || row.any.iter().any(String::is_empty) {
        return Err("`any` needs at least one literal, and none of them empty".to_owned());
    }
    // Matching bytes lets patterns of ASCII do without Unicode's tables, which keeps the fast automaton in use.
    let pattern = RegexBuilder::new(&row.pattern)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .unicode(!row.pattern.is_ascii())
        .size_limit(PATTERN_BYTES)
        .build()
        .map_err(|error| format!("the pattern of {} does not compile: {error}", row.id))?;
    let owner = u16::try_from(rules.len()).map_err(|_| "too many rules".to_owned())?;
    for literal in row.any {
        literals.push(literal);
        owners.push(owner);
    }
    Ok(Rule {
        id: row.id,
        weight: row.weight,
        reason: row.reason,
        pattern,
    })
}
