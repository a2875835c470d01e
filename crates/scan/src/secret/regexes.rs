//! The only place that builds regular expressions: bytes, ASCII classes, bounded size.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::{ParserBuilder, hir::Hir};

/// No pattern of a rule file is longer.
const LONGEST_PATTERN_BYTES: usize = 2000;
/// Compiled size of one pattern.
const SIZE_LIMIT_BYTES: usize = 4 << 20;
/// The smallest size that a compiled pattern is counted with.
const SIZE_STEP_BYTES: usize = 32 << 10;
/// A pattern is compiled to read forwards, to read backwards, and, if it has groups, once more.
const COMPILED_FORMS: usize = 3;
/// Cache of one pattern's lazy automaton.
const AUTOMATON_LIMIT_BYTES: usize = 2 << 20;
const NEST_LIMIT: u32 = 32;

/// A pattern that was checked when it was read and is compiled when it is first needed.
#[derive(Debug)]
pub(super) struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
    longest: Option<usize>,
    literal_start: bool,
}

impl Pattern {
    /// Checks the pattern. `wrap` tells how it is anchored.
    pub(super) fn new(source: &str, anchor: Anchor) -> Result<Self, String> {
        if source.len() > LONGEST_PATTERN_BYTES {
            return Err(format!(
                "the pattern is longer than {LONGEST_PATTERN_BYTES} bytes; split it into several rules"
            ));
        }
        let hir = parse(source)?;
        let longest = hir.properties().maximum_len();
        if hir.properties().minimum_len() == Some(0) && !matches!(anchor, Anchor::Whole) {
            return Err("the pattern matches an empty text; make it say what it looks for".into());
        }
        let source = match anchor {
            Anchor::Start => format!(r"\A(?:{source})"),
            Anchor::Whole => format!(r"\A(?:{source})\z"),
            Anchor::None => source.to_owned(),
        };
        Ok(Self {
            source,
            compiled: OnceLock::new(),
            longest,
            literal_start: matches!(anchor, Anchor::Start),
        })
    }

    /// Whether it is tried at one place only.
    pub(super) fn is_anchored(&self) -> bool {
        self.literal_start
    }

    /// Longest possible match, in bytes.
    pub(super) fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// The compiled pattern. A pattern that can't be compiled never matches; [`Pattern::compile`] tells before it comes to that.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| build(&self.source, SIZE_LIMIT_BYTES).ok())
            .as_ref()
    }

    /// Compiles now, so that a pattern that is too large is refused with its file. Gives the most bytes that it takes, of `room`.
    pub(super) fn compile(&self, room: usize) -> Result<usize, String> {
        let mut limit = SIZE_STEP_BYTES;
        loop {
            let bytes = limit * COMPILED_FORMS;
            if bytes > room {
                return Err(
                    "the patterns up to here are too large together; use smaller repetitions, or fewer rules"
                        .to_owned(),
                );
            }
            // What a compiled pattern takes is not told, only whether it fits.
            match build(&self.source, limit) {
                Ok(regex) => {
                    self.compiled.get_or_init(|| Some(regex));
                    return Ok(bytes);
                }
                Err(BuildError::TooLarge) if limit < SIZE_LIMIT_BYTES => limit *= 2,
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// Where a match must begin and end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// At the start of the window.
    Start,
    /// All of the value.
    Whole,
    /// Anywhere.
    None,
}

fn parse(source: &str) -> Result<Hir, String> {
    ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(source)
        .map_err(|error| {
            let text = error.to_string();
            let reason = text
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            format!("the pattern is not a regular expression: {reason}")
        })
}

#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error("the pattern is too large; use smaller repetitions")]
    TooLarge,
    #[error(transparent)]
    Other(regex::Error),
}

fn build(source: &str, size_limit_bytes: usize) -> Result<Regex, BuildError> {
    RegexBuilder::new(source)
        .unicode(false)
        .size_limit(size_limit_bytes)
        .dfa_size_limit(AUTOMATON_LIMIT_BYTES)
        .nest_limit(NEST_LIMIT + 8)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => BuildError::TooLarge,
            other => BuildError::Other(other),
        })
}
