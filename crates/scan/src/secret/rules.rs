//! Reads rule files.
//!
//! A rule file is UTF-8 text, one field on a line, `#` starts a comment line. The first line that counts is `version 1`. Then:
//!
//! ```text
//! rule acme-token                 identifier: lower-case letters, digits, hyphens
//! kind Acme access token          what an operator reads
//! keyword acme_ acmex_            literals, in any case; the pattern is tried where one stands
//! token acme_[A-Za-z0-9]{32}      the pattern; a group, if there is one, is the value
//! ```
//!
//! or, in place of `keyword` and `token`, `name` (words, one of which the name of an assignment contains) and `value` (a pattern
//! for the whole assigned value). Optional: `entropy BITS`, `not PATTERN` (refuses a value), `before BYTES` and `within BYTES`
//! (the window around the keyword), `after WORD`, `edges word|base64|open`, `check NAME`, `confidence low|medium|high`. Patterns
//! are regular expressions without look-around and back-references; classes are ASCII. A rule without a keyword is allowed if
//! its pattern has a longest match.
//!
//! INVARIANT: a file with any error gives no rule at all.

use std::collections::BTreeSet;

use super::{
    check::Check,
    regexes::{Anchor, Pattern},
    rule::{Edges, Finder, Rule},
    span::Confidence,
};

const VERSION: &str = "1";
const MOST_RULES: usize = 500;
/// Of those, rules that are tried at every place.
const MOST_RULES_WITHOUT_KEYWORD: usize = 32;
const LONGEST_FILE_BYTES: usize = 256 << 10;
/// What the patterns of one file take when they are compiled.
const COMPILED_BYTES: usize = 128 << 20;
/// Window of a pattern that has no longest match and says nothing else.
const WINDOW_BYTES: usize = 512;
const LONGEST_ANYWHERE_BYTES: usize = 1024;
/// Bits for each byte below which nothing is a token, unless the rule says otherwise.
const TOKEN_ENTROPY: f32 = 2.0;

/// What a file may ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The longest window around a keyword, in bytes.
    window_bytes: usize,
    /// All keywords and names together, in bytes: the automaton that knows them has many times their size.
    keyword_bytes: usize,
}

/// The file of this version.
pub(super) const OURS: Bounds = Bounds {
    window_bytes: 64 << 10,
    keyword_bytes: usize::MAX,
};
/// A user's file: a window is read at every place that has its keyword.
pub(super) const CUSTOM: Bounds = Bounds {
    window_bytes: 8 << 10,
    keyword_bytes: 8 << 10,
};

/// Why a rule file was refused. The whole file is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret rules, line {line}: {reason}; the file is refused, none of its rules is in force")]
pub struct SecretRuleError {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong with it, and how it should be.
    pub reason: String,
}

fn refuse<T>(line: usize, reason: impl Into<String>) -> Result<T, SecretRuleError> {
    Err(SecretRuleError {
        line,
        reason: reason.into(),
    })
}

/// A rule whose fields are still being read.
struct Draft<'file> {
    bounds: Bounds,
    line: usize,
    id: &'file str,
    kind: Option<&'file str>,
    keywords: Vec<String>,
    names: Vec<String>,
    token: Option<(usize, &'file str)>,
    value: Option<(usize, &'file str)>,
    never: Option<Pattern>,
    three_part: bool,
    entropy: Option<f32>,
    before: usize,
    within: Option<usize>,
    after: Option<String>,
    edges: Edges,
    check: Option<Check>,
    confidence: Option<Confidence>,
}

/// Reads all rules of a file.
pub(super) fn read(file: &str, bounds: Bounds) -> Result<Vec<Rule>, SecretRuleError> {
    if file.len() > LONGEST_FILE_BYTES {
        return refuse(
            1,
            format!("the file is longer than {LONGEST_FILE_BYTES} bytes"),
        );
    }
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut draft: Option<Draft<'_>> = None;
    let mut version_seen = false;
    let mut keyword_bytes = 0_usize;
    for (index, raw) in file.lines().enumerate() {
        let line = index + 1;
        let text = raw.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (field, content) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let content = content.trim();
        if !version_seen {
            if (field, content) != ("version", VERSION) {
                return refuse(
                    line,
                    format!("expected `version {VERSION}` before anything else"),
                );
            }
            version_seen = true;
        } else if field == "rule" {
            rules.extend(draft.take().map(Draft::finish).transpose()?);
            if rules.len() >= MOST_RULES {
                return refuse(line, format!("more than {MOST_RULES} rules"));
            }
            draft = Some(Draft::new(bounds, line, content)?);
            if !ids.insert(content) {
                return refuse(line, format!("there is a rule `{content}` already"));
            }
        } else if let Some(draft) = &mut draft {
            if matches!(field, "keyword" | "name" | "after") {
                keyword_bytes += content.len();
            }
            if keyword_bytes > bounds.keyword_bytes {
                return refuse(
                    line,
                    format!(
                        "the keywords, names and words up to here are longer than {} bytes together; use fewer or shorter ones",
                        bounds.keyword_bytes
                    ),
                );
            }
            draft.field(line, field, content)?;
        } else {
            return refuse(line, "expected `rule IDENTIFIER`");
        }
    }
    let last = file.lines().count().max(1);
    if !version_seen {
        return refuse(
            last,
            format!("expected `version {VERSION}`; the file is empty"),
        );
    }
    rules.extend(draft.take().map(Draft::finish).transpose()?);
    let everywhere = rules
        .iter()
        .filter(|rule| matches!(rule.finder, Finder::Anywhere { .. }))
        .count();
    if everywhere > MOST_RULES_WITHOUT_KEYWORD {
        return refuse(
            last,
            format!("more than {MOST_RULES_WITHOUT_KEYWORD} rules have no keyword; give them one"),
        );
    }
    Ok(rules)
}

/// Compiles every pattern of the rules, so that one that is too large, by itself or with those before it, is found now. The line is
/// that of its rule.
pub(super) fn compile(rules: &[Rule]) -> Result<(), SecretRuleError> {
    let mut room = COMPILED_BYTES;
    for rule in rules {
        let (Finder::Token { pattern, .. }
        | Finder::Assigned { pattern, .. }
        | Finder::ThreePart { pattern }
        | Finder::Anywhere { pattern }) = &rule.finder;
        for pattern in [Some(pattern), rule.never.as_ref()].into_iter().flatten() {
            room -= pattern.compile(room).map_err(|reason| SecretRuleError {
                line: rule.line,
                reason: format!("rule `{}`: {reason}", rule.id),
            })?;
        }
    }
    Ok(())
}

impl<'file> Draft<'file> {
    fn new(bounds: Bounds, line: usize, id: &'file str) -> Result<Self, SecretRuleError> {
        let good = (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !good {
            return refuse(
                line,
                "a rule's identifier has 1 to 64 lower-case letters, digits and hyphens",
            );
        }
        Ok(Self {
            bounds,
            line,
            id,
            kind: None,
            keywords: Vec::new(),
            names: Vec::new(),
            token: None,
            value: None,
            never: None,
            three_part: false,
            entropy: None,
            before: 0,
            within: None,
            after: None,
            edges: Edges::Word,
            check: None,
            confidence: None,
        })
    }

    fn field(
        &mut self,
        line: usize,
        field: &str,
        content: &'file str,
    ) -> Result<(), SecretRuleError> {
        if content.is_empty() {
            return refuse(line, format!("`{field}` says nothing"));
        }
        match field {
            "kind" if content.len() <= 80 => self.kind = Some(content),
            "kind" => return refuse(line, "`kind` is longer than 80 bytes"),
            "keyword" => self.keywords.extend(words(line, content, 2)?),
            "name" => self.names.extend(words(line, content, 3)?),
            "token" => self.token = Some((line, content)),
            "value" => self.value = Some((line, content)),
            "not" => self.never = Some(pattern(line, content, Anchor::None)?),
            "shape" if content == "three-part" => self.three_part = true,
            "entropy" => match content.parse::<f32>() {
                Ok(bits) if (0.0..=8.0).contains(&bits) => self.entropy = Some(bits),
                _ => return refuse(line, "`entropy` is a number of bits from 0 to 8"),
            },
            "before" => self.before = number(line, field, content, 256)?,
            "within" => self.within = Some(number(line, field, content, self.bounds.window_bytes)?),
            "after" => self.after = words(line, content, 2)?.pop(),
            "edges" => {
                self.edges = match content {
                    "word" => Edges::Word,
                    "base64" => Edges::Base64,
                    "open" => Edges::Open,
                    _ => return refuse(line, "`edges` is word, base64 or open"),
                }
            }
            "check" => match Check::named(content) {
                Some(check) => self.check = Some(check),
                None => return refuse(line, format!("there is no check `{content}`")),
            },
            "confidence" => {
                self.confidence = Some(match content {
                    "low" => Confidence::Low,
                    "medium" => Confidence::Medium,
                    "high" => Confidence::High,
                    _ => return refuse(line, "`confidence` is low, medium or high"),
                });
            }
            _ => return refuse(line, format!("there is no field `{field}`")),
        }
        Ok(())
    }

    fn finish(self) -> Result<Rule, SecretRuleError> {
        let line = self.line;
        let Some(kind) = self.kind else {
            return refuse(line, format!("rule `{}` has no `kind`", self.id));
        };
        let open_header = self.edges == Edges::Open;
        let (finder, confidence) = match (self.token, self.value) {
            (Some((at, source)), None) if self.names.is_empty() => {
                let finder = token_finder(
                    at,
                    source,
                    self.keywords,
                    self.before,
                    self.within,
                    self.three_part,
                    self.bounds.window_bytes,
                )?;
                let confidence = if open_header {
                    Confidence::Medium
                } else {
                    Confidence::High
                };
                (finder, confidence)
            }
            (None, Some((at, source))) if self.keywords.is_empty() && !self.names.is_empty() => {
                let pattern = pattern(at, source, Anchor::Whole)?;
                let finder = Finder::Assigned {
                    names: self.names,
                    pattern,
                };
                (finder, Confidence::Medium)
            }
            _ => {
                return refuse(
                    line,
                    format!(
                        "rule `{}` needs either `token` (with `keyword`) or `name` and `value`",
                        self.id
                    ),
                );
            }
        };
        let entropy = match finder {
            Finder::Assigned { .. } => 0.0,
            _ if open_header => 0.0,
            _ => TOKEN_ENTROPY,
        };
        Ok(Rule {
            line,
            id: self.id.to_owned(),
            kind: kind.to_owned(),
            finder,
            edges: self.edges,
            entropy: self.entropy.unwrap_or(entropy),
            never: self.never,
            after: self.after,
            check: self.check,
            confidence: self.confidence.unwrap_or(confidence),
        })
    }
}

fn token_finder(
    line: usize,
    source: &str,
    keywords: Vec<String>,
    before: usize,
    within: Option<usize>,
    three_part: bool,
    window_bytes: usize,
) -> Result<Finder, SecretRuleError> {
    if three_part {
        return Ok(Finder::ThreePart {
            pattern: pattern(line, source, Anchor::None)?,
        });
    }
    if keywords.is_empty() {
        let pattern = pattern(line, source, Anchor::None)?;
        return match pattern.longest() {
            Some(bytes) if bytes <= LONGEST_ANYWHERE_BYTES => Ok(Finder::Anywhere { pattern }),
            _ => refuse(
                line,
                format!(
                    "a pattern without a keyword must not match more than {LONGEST_ANYWHERE_BYTES} bytes; use bounds such as `{{16,200}}`"
                ),
            ),
        };
    }
    let anchor = if before == 0 {
        Anchor::Start
    } else {
        Anchor::None
    };
    let pattern = pattern(line, source, anchor)?;
    let within = within
        .or_else(|| {
            pattern
                .longest()
                .map(|bytes| bytes.saturating_add(1).min(window_bytes))
        })
        .unwrap_or(WINDOW_BYTES);
    Ok(Finder::Token {
        keywords,
        pattern,
        before,
        within,
    })
}

fn pattern(line: usize, source: &str, anchor: Anchor) -> Result<Pattern, SecretRuleError> {
    Pattern::new(source, anchor).map_err(|reason| SecretRuleError { line, reason })
}

fn words(line: usize, content: &str, shortest: usize) -> Result<Vec<String>, SecretRuleError> {
    content
        .split_ascii_whitespace()
        .map(|word| {
            if (shortest..=64).contains(&word.len()) && word.is_ascii() {
                Ok(word.to_ascii_lowercase())
            } else {
                refuse(
                    line,
                    format!("`{word}` must have {shortest} to 64 ASCII characters"),
                )
            }
        })
        .collect()
}

fn number(line: usize, field: &str, content: &str, most: usize) -> Result<usize, SecretRuleError> {
    match content.parse() {
        Ok(bytes) if bytes <= most => Ok(bytes),
        _ => refuse(line, format!("`{field}` is a number of bytes up to {most}")),
    }
}
