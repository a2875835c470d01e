//! Patterns over text: globs and regular expressions, both linear in the text and bounded in size.

use std::borrow::Cow;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest pattern in bytes.
pub const PATTERN_LIMIT_BYTES: usize = 1_024;

/// The memory that a compiled pattern may take, in bytes.
const COMPILED_LIMIT_BYTES: usize = 1 << 20;

/// Why text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Nothing, or too much.
    #[error("a pattern has 1 to {PATTERN_LIMIT_BYTES} bytes")]
    Length,
    /// The engine does not take it: a syntax error, a feature that can't be matched in linear time, or too large once compiled.
    #[error("not a regular expression that can be matched in linear time: {0}")]
    Syntax(String),
}

fn compile(source: &str, expression: &str) -> Result<Regex, InvalidPattern> {
    if source.is_empty() || source.len() > PATTERN_LIMIT_BYTES {
        return Err(InvalidPattern::Length);
    }
    RegexBuilder::new(expression)
        .size_limit(COMPILED_LIMIT_BYTES)
        .dfa_size_limit(COMPILED_LIMIT_BYTES)
        .build()
        .map_err(|error| {
            // The engine draws the fault over several lines; the last says what it is.
            let text = error.to_string();
            let line = text.lines().last().unwrap_or_default();
            InvalidPattern::Syntax(line.trim_start_matches("error: ").to_owned())
        })
}

/// A regular expression without look-around and back-references.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// A text without which it finds nothing: looking for that is several times faster.
    needed: Option<Finder<'static>>,
}

/// A text that every match begins with, where there is one that is worth looking for.
fn needed(expression: &str) -> Option<Finder<'static>> {
    let parsed = regex_syntax::parse(expression).ok()?;
    let prefixes = regex_syntax::hir::literal::Extractor::new().extract(&parsed);
    let prefix = prefixes.longest_common_prefix()?;
    (!prefix.is_empty()).then(|| Finder::new(prefix).into_owned())
}

impl Pattern {
    /// Compiles it.
    ///
    /// # Errors
    /// [`InvalidPattern`] says what is wrong.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        Ok(Self {
            regex: compile(text, text)?,
            needed: needed(text),
        })
    }

    /// Whether it finds something in the text. Linear in the text.
    pub fn finds(&self, text: &str) -> bool {
        self.needed
            .as_ref()
            .is_none_or(|needed| needed.find(text.as_bytes()).is_some())
            && self.regex.is_match(text)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }
}

/// A pattern of literal text, `*` for any run of characters and `?` for one.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    regex: Regex,
}

impl Glob {
    /// Compiles it.
    ///
    /// # Errors
    /// [`InvalidPattern::Length`].
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        let mut expression = String::from("(?s)\\A");
        let mut literal = String::new();
        for character in text.chars() {
            let wildcard = match character {
                '*' => ".*",
                '?' => ".",
                other => {
                    literal.push(other);
                    continue;
                }
            };
            expression.push_str(&regex::escape(&std::mem::take(&mut literal)));
            expression.push_str(wildcard);
        }
        expression.push_str(&regex::escape(&literal));
        expression.push_str("\\z");
        Ok(Self {
            text: text.to_owned(),
            regex: compile(text, &expression)?,
        })
    }

    /// Whether it covers the whole text. Linear in the text.
    pub fn covers(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

macro_rules! written_as_text {
    ($type:ty) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(de::Error::custom)
            }
        }
    };
}

written_as_text!(Pattern);
written_as_text!(Glob);
