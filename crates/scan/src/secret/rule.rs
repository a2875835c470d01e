//! One rule, as read from a rule file.

use super::{check::Check, regexes::Pattern, shape, span::Confidence};

/// What has to stand around a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edges {
    /// No letter, digit or underscore on either side.
    Word,
    /// Neither a character of base64 on either side.
    Base64,
    /// Anything.
    Open,
}

/// How a rule finds its value.
#[derive(Debug)]
pub(super) enum Finder {
    /// A pattern at, or around, one of the keywords.
    Token {
        keywords: Vec<String>,
        pattern: Pattern,
        /// Bytes before the keyword that belong to the window.
        before: usize,
        /// Bytes after the keyword's start that belong to it.
        within: usize,
    },
    /// A pattern for the whole value of an assignment whose name contains one of the words.
    Assigned {
        names: Vec<String>,
        pattern: Pattern,
    },
    /// A pattern around two dots with six characters between them.
    ThreePart { pattern: Pattern },
    /// A custom pattern without a keyword, tried everywhere. Its length is bounded.
    Anywhere { pattern: Pattern },
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    /// Where it stands in its file.
    pub(super) line: usize,
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) finder: Finder,
    pub(super) edges: Edges,
    /// Bits for each byte of the value, at least.
    pub(super) entropy: f32,
    /// What the value must not contain.
    pub(super) never: Option<Pattern>,
    /// A word that must stand before, on the same command.
    pub(super) after: Option<String>,
    pub(super) check: Option<Check>,
    pub(super) confidence: Confidence,
}

impl Rule {
    /// Whether the value passes everything but the pattern.
    pub(super) fn accepts(&self, value: &[u8], matched: &[u8]) -> bool {
        if value.is_empty() || shape::is_mark(value) {
            return false;
        }
        if self.entropy > 0.0 && shape::entropy_bits(value) < self.entropy {
            return false;
        }
        if let Some(never) = self.never.as_ref().and_then(Pattern::regex)
            && never.is_match(value)
        {
            return false;
        }
        self.check.is_none_or(|check| check.accepts(value, matched))
    }
}
