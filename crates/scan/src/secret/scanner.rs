//! Runs the rules over a text.
//!
//! One automaton knows every keyword of every rule, in any case. Where it sees one, the rules of that keyword look at a window
//! of bounded length. So clean text costs one pass, and hostile text a constant factor more.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    fmt,
    ops::Range,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::Regex;

use super::{
    ansi,
    assignment::{self, Assignment},
    generic, kubernetes,
    rule::{Edges, Finder, Rule},
    rules::{self, SecretRuleError},
    shape,
    span::{Confidence, SecretSpan, joined},
};

const BUILTIN: &str = include_str!("builtin.rules");

/// How far before its value the word of `after` may stand.
const COMMAND_BYTES: usize = 2048;

/// A rule with a longer window is not tried again inside of the run of characters in which it failed: else a run that is
/// full of its keyword would be read over and over.
const LONG_WINDOW_BYTES: usize = 256;

/// What happens where a keyword stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    Token(usize),
    Assigned(usize),
    Generic,
    Kubernetes,
    /// Remembered for rules with `after`.
    Word(usize),
}

/// The rules, ready to run. Cheap to share, never changed; make a new one when the custom rules change.
pub struct SecretScanner {
    rules: Vec<Rule>,
    keywords: AhoCorasick,
    /// By keyword.
    triggers: Vec<Vec<Trigger>>,
    lengths: Vec<usize>,
    /// Words of `after`.
    words: Vec<String>,
    three_part: Vec<usize>,
    anywhere: Vec<usize>,
}

impl fmt::Debug for SecretScanner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecretScanner")
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}

/// What is remembered while one text is scanned.
struct Progress<'scanner> {
    spans: Vec<SecretSpan<'scanner>>,
    /// The assignment that was read last, by the end of its name and the start of its keyword.
    assignment: Option<(usize, Option<Assignment>)>,
    /// The last generic judgement, by the value's start.
    judged: Option<usize>,
    /// Where each word of `after` was seen last.
    words: Vec<Option<usize>>,
    /// Where each rule matched last, so that no part of a value is looked at again; or, for a rule with a long window, the run
    /// of characters in which it failed.
    done: Vec<Range<usize>>,
    kubernetes_done: usize,
}

impl SecretScanner {
    /// A scanner with the rules of this version.
    ///
    /// # Errors
    /// Only if the built-in rule file is broken, which its tests rule out.
    pub fn builtin() -> Result<Self, SecretRuleError> {
        Self::new(rules::read(BUILTIN, rules::OURS)?)
    }

    /// A scanner with the built-in rules and those of a user's rule file. A custom rule may not have a built-in rule's
    /// identifier. Patterns run in linear time and have bounded size.
    ///
    /// # Errors
    /// With the line and the reason, if anything in the file is wrong. Then none of its rules is in force.
    pub fn with_custom(file: &str) -> Result<Self, SecretRuleError> {
        let mut all = rules::read(BUILTIN, rules::OURS)?;
        let custom = rules::read(file, rules::CUSTOM)?;
        rules::compile(&custom)?;
        let ids: HashSet<&str> = all.iter().map(|rule| rule.id.as_str()).collect();
        for rule in &custom {
            let reserved = [generic::ID, kubernetes::ID];
            if ids.contains(rule.id.as_str()) || reserved.contains(&rule.id.as_str()) {
                return Err(SecretRuleError {
                    line: rule.line,
                    reason: format!(
                        "`{}` is a built-in rule; choose another identifier",
                        rule.id
                    ),
                });
            }
        }
        all.extend(custom);
        Self::new(all)
    }

    fn new(rules: Vec<Rule>) -> Result<Self, SecretRuleError> {
        let mut words: Vec<String> = Vec::new();
        let mut by_keyword: BTreeMap<String, Vec<Trigger>> = BTreeMap::new();
        let mut three_part = Vec::new();
        let mut anywhere = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            match &rule.finder {
                Finder::Token { keywords, .. } => {
                    for keyword in keywords {
                        by_keyword
                            .entry(keyword.clone())
                            .or_default()
                            .push(Trigger::Token(index));
                    }
                }
                Finder::Assigned { names, .. } => {
                    for name in names {
                        by_keyword
                            .entry(name.clone())
                            .or_default()
                            .push(Trigger::Assigned(index));
                    }
                }
                Finder::ThreePart { .. } => three_part.push(index),
                Finder::Anywhere { .. } => anywhere.push(index),
            }
            if let Some(word) = &rule.after
                && !words.contains(word)
            {
                by_keyword
                    .entry(word.clone())
                    .or_default()
                    .push(Trigger::Word(words.len()));
                words.push(word.clone());
            }
        }
        for word in generic::TRIGGERS {
            by_keyword
                .entry(word.to_owned())
                .or_default()
                .push(Trigger::Generic);
        }
        by_keyword
            .entry(kubernetes::TRIGGER.to_owned())
            .or_default()
            .push(Trigger::Kubernetes);
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(by_keyword.keys())
            .map_err(|error| SecretRuleError {
                line: 1,
                reason: format!("the keywords are too many: {error}"),
            })?;
        Ok(Self {
            lengths: by_keyword.keys().map(String::len).collect(),
            triggers: by_keyword.into_values().collect(),
            rules,
            keywords,
            words,
            three_part,
            anywhere,
        })
    }

    /// The identifiers and kinds of all rules, for lists and settings.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule.kind.as_str()))
            .chain([
                (generic::ID, generic::KIND),
                (kubernetes::ID, kubernetes::KIND),
            ])
    }

    /// Finds the credentials in a text: sorted, none empty, none overlapping another. Any bytes will do.
    pub fn scan(&self, text: &[u8]) -> Vec<SecretSpan<'_>> {
        let mut spans = self.spans(text);
        // Both readings count: what looks like a colour's last letter may be a token's first.
        if let Cow::Owned(plain) = ansi::blanked(text) {
            spans.extend(self.spans(&plain));
        }
        joined(spans)
    }

    fn spans(&self, text: &[u8]) -> Vec<SecretSpan<'_>> {
        let mut progress = Progress {
            spans: Vec::new(),
            assignment: None,
            judged: None,
            words: vec![None; self.words.len()],
            done: vec![0..0; self.rules.len()],
            kubernetes_done: 0,
        };
        for found in self.keywords.find_overlapping_iter(text) {
            let keyword = found.pattern().as_usize();
            let end = found.end();
            let start = end - self.lengths.get(keyword).copied().unwrap_or_default();
            for &trigger in self.triggers.get(keyword).into_iter().flatten() {
                self.fire(trigger, text, start..end, &mut progress);
            }
        }
        self.scan_three_part(text, &mut progress);
        self.scan_anywhere(text, &mut progress);
        progress.spans
    }

    fn fire<'scanner>(
        &'scanner self,
        trigger: Trigger,
        text: &[u8],
        keyword: Range<usize>,
        progress: &mut Progress<'scanner>,
    ) {
        match trigger {
            Trigger::Token(index) => self.token(index, text, keyword.start, progress),
            Trigger::Assigned(index) => self.assigned(index, text, keyword, progress),
            Trigger::Generic => generic_value(text, keyword, progress),
            Trigger::Kubernetes => {
                if kubernetes::is_kind(text, keyword.start) {
                    let (values, done) =
                        kubernetes::values(text, keyword.start, progress.kubernetes_done);
                    progress.kubernetes_done = done;
                    progress
                        .spans
                        .extend(values.into_iter().map(|range| SecretSpan {
                            rule: kubernetes::ID,
                            kind: kubernetes::KIND,
                            range,
                            confidence: Confidence::Medium,
                        }));
                }
            }
            Trigger::Word(index) => {
                if let Some(word) = progress.words.get_mut(index) {
                    *word = Some(keyword.end);
                }
            }
        }
    }

    fn token<'scanner>(
        &'scanner self,
        index: usize,
        text: &[u8],
        at: usize,
        progress: &mut Progress<'scanner>,
    ) {
        let Some(rule) = self.rules.get(index) else {
            return;
        };
        let Finder::Token {
            pattern,
            before,
            within,
            ..
        } = &rule.finder
        else {
            return;
        };
        if progress
            .done
            .get(index)
            .is_some_and(|done| done.contains(&at))
            || !self.follows_word(rule, at, progress)
        {
            return;
        }
        if pattern.is_anchored() && !starts_token(rule.edges, text, at) {
            return;
        }
        let from = at.saturating_sub(*before);
        let until = text.len().min(at.saturating_add(*within));
        let Some(window) = text.get(from..until) else {
            return;
        };
        let Some(regex) = pattern.regex() else { return };
        let Some((matched, value)) = find(regex, window) else {
            if *within > LONG_WINDOW_BYTES
                && let Some(done) = progress.done.get_mut(index)
            {
                *done = at..at + run_length(text.get(at..until).unwrap_or_default());
            }
            return;
        };
        let (matched, value) = (shifted(&matched, from), shifted(&value, from));
        if pattern.is_anchored() && !ends_token(rule.edges, text, matched.end) {
            if *within > LONG_WINDOW_BYTES
                && let Some(done) = progress.done.get_mut(index)
            {
                *done = at..matched.end;
            }
            return;
        }
        let accepted = rule.accepts(
            text.get(value.clone()).unwrap_or_default(),
            text.get(matched.clone()).unwrap_or_default(),
        );
        if accepted {
            if let Some(done) = progress.done.get_mut(index) {
                *done = at..value.end.max(at);
            }
            progress.spans.push(rule_span(rule, value));
        } else if *within > LONG_WINDOW_BYTES
            && rule.check.is_none()
            && let Some(done) = progress.done.get_mut(index)
        {
            *done = at..matched.end;
        }
    }

    fn follows_word(&self, rule: &Rule, at: usize, progress: &Progress<'_>) -> bool {
        let Some(word) = &rule.after else { return true };
        self.words
            .iter()
            .position(|known| known == word)
            .and_then(|index| progress.words.get(index).copied().flatten())
            .is_some_and(|seen| at.saturating_sub(seen) <= COMMAND_BYTES)
    }

    fn assigned<'scanner>(
        &'scanner self,
        index: usize,
        text: &[u8],
        keyword: Range<usize>,
        progress: &mut Progress<'scanner>,
    ) {
        let Some(rule) = self.rules.get(index) else {
            return;
        };
        let Finder::Assigned { pattern, .. } = &rule.finder else {
            return;
        };
        if is_inside_word(text, keyword.start) {
            return;
        }
        let Some(assignment) = assignment_at(text, keyword, progress) else {
            return;
        };
        if progress
            .done
            .get(index)
            .is_some_and(|done| done.contains(&assignment.value.start))
        {
            return;
        }
        let range = assignment.value;
        let Some(value) = text.get(range.clone()) else {
            return;
        };
        if pattern.regex().is_some_and(|regex| regex.is_match(value))
            && !shape::is_stand_in(value)
            && shape::entropy_bits(value) > 1.0
            && rule.accepts(value, value)
        {
            if let Some(done) = progress.done.get_mut(index) {
                *done = range.clone();
            }
            progress.spans.push(rule_span(rule, range));
        }
    }

    /// Tokens of three parts have no keyword: they are looked for at two dots with six characters between them.
    fn scan_three_part<'scanner>(&'scanner self, text: &[u8], progress: &mut Progress<'scanner>) {
        if self.three_part.is_empty() {
            return;
        }
        for dot in memchr::memchr_iter(b'.', text) {
            let middle = text.get(dot + 1..dot + 7).unwrap_or_default();
            let is_pair = text.get(dot + 7) == Some(&b'.')
                && middle
                    .iter()
                    .all(|&byte| shape::is_word_byte(byte) || byte == b'-');
            if !is_pair {
                continue;
            }
            for &index in &self.three_part {
                let Some(rule) = self.rules.get(index) else {
                    continue;
                };
                let Finder::ThreePart { pattern } = &rule.finder else {
                    continue;
                };
                if progress
                    .done
                    .get(index)
                    .is_some_and(|done| done.contains(&dot))
                {
                    continue;
                }
                let from = dot.saturating_sub(28);
                let window = text.get(from..text.len().min(dot + 46)).unwrap_or_default();
                let Some((matched, value)) = pattern.regex().and_then(|regex| find(regex, window))
                else {
                    continue;
                };
                let value = shifted(&value, from);
                let bytes = text.get(value.clone()).unwrap_or_default();
                if rule.accepts(bytes, window.get(matched).unwrap_or_default())
                    && bytes.iter().any(u8::is_ascii_digit)
                    && bytes.iter().any(u8::is_ascii_uppercase)
                {
                    if let Some(done) = progress.done.get_mut(index) {
                        *done = value.clone();
                    }
                    progress.spans.push(rule_span(rule, value));
                }
            }
        }
    }

    fn scan_anywhere<'scanner>(&'scanner self, text: &[u8], progress: &mut Progress<'scanner>) {
        for &index in &self.anywhere {
            let Some(rule) = self.rules.get(index) else {
                continue;
            };
            let Finder::Anywhere { pattern } = &rule.finder else {
                continue;
            };
            let Some(regex) = pattern.regex() else {
                continue;
            };
            let mut from = 0;
            // Matches are short, so looking for all of them is linear.
            while let Some(found) = regex.find_at(text, from) {
                from = found.end().max(from + 1);
                let range = found.range();
                let value = find(regex, text.get(range.clone()).unwrap_or_default())
                    .map_or_else(|| range.clone(), |(_, value)| shifted(&value, range.start));
                if starts_token(rule.edges, text, range.start)
                    && ends_token(rule.edges, text, range.end)
                    && rule.accepts(
                        text.get(value.clone()).unwrap_or_default(),
                        found.as_bytes(),
                    )
                {
                    progress.spans.push(rule_span(rule, value));
                }
            }
        }
    }
}

fn rule_span(rule: &Rule, range: Range<usize>) -> SecretSpan<'_> {
    SecretSpan {
        rule: &rule.id,
        kind: &rule.kind,
        range,
        confidence: rule.confidence,
    }
}

fn generic_value(text: &[u8], keyword: Range<usize>, progress: &mut Progress<'_>) {
    let Some(assignment) = assignment_at(text, keyword, progress) else {
        return;
    };
    if progress.judged == Some(assignment.value.start) {
        return;
    }
    progress.judged = Some(assignment.value.start);
    if generic::is_secret(text, &assignment) {
        progress.spans.push(SecretSpan {
            rule: generic::ID,
            kind: generic::KIND,
            range: assignment.value,
            confidence: Confidence::Low,
        });
    }
}

/// Reads the assignment to the name that the keyword is part of, once for all keywords in the name.
fn assignment_at(
    text: &[u8],
    keyword: Range<usize>,
    progress: &mut Progress<'_>,
) -> Option<Assignment> {
    let name_end = assignment::name_end(text, keyword.end);
    match &progress.assignment {
        Some((end, known)) if *end == name_end => known.clone(),
        _ => {
            let read = assignment::read(text, keyword.start, name_end);
            progress.assignment = Some((name_end, read.clone()));
            read
        }
    }
}

/// The match and, in it, the value: the first group that took part, or all of it.
fn find(regex: &Regex, window: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    if regex.captures_len() == 1 {
        let found = regex.find(window)?.range();
        return Some((found.clone(), found));
    }
    // Most windows don't match, and asking for groups is dear.
    if !regex.is_match(window) {
        return None;
    }
    let captures = regex.captures(window)?;
    let whole = captures.get(0)?.range();
    let value = captures
        .iter()
        .skip(1)
        .flatten()
        .next()
        .map_or_else(|| whole.clone(), |group| group.range());
    Some((whole, value))
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// How many bytes from the start belong to one run of token characters.
fn run_length(text: &[u8]) -> usize {
    text.iter()
        .take_while(|&&byte| shape::is_word_byte(byte) || byte == b'-')
        .count()
}

fn is_base64_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'=')
}

/// Whether a token may start at `at`. The letter of an escape (`\n`) and the digits of a percent escape (`%3D`) don't count as
/// its neighbours.
fn starts_token(edges: Edges, text: &[u8], at: usize) -> bool {
    let byte_before = |distance: usize| {
        at.checked_sub(distance)
            .and_then(|place| text.get(place))
            .copied()
    };
    let Some(before) = byte_before(1) else {
        return true;
    };
    match edges {
        Edges::Open => true,
        Edges::Base64 => !is_base64_byte(before) || before == b'=',
        Edges::Word => {
            !shape::is_word_byte(before)
                || (byte_before(2) == Some(b'\\') && matches!(before, b'n' | b'r' | b't'))
                || (byte_before(3) == Some(b'%')
                    && before.is_ascii_hexdigit()
                    && byte_before(2).is_some_and(|byte| byte.is_ascii_hexdigit()))
        }
    }
}

/// Whether the name of a provider is only a part of a word here: `meraki` in `CameraKit`.
fn is_inside_word(text: &[u8], at: usize) -> bool {
    let before = at
        .checked_sub(1)
        .and_then(|place| text.get(place))
        .copied()
        .unwrap_or(b' ');
    let hump = before.is_ascii_lowercase() && text.get(at).is_some_and(u8::is_ascii_uppercase);
    before.is_ascii_alphabetic() && !hump && !starts_token(Edges::Word, text, at)
}

fn ends_token(edges: Edges, text: &[u8], at: usize) -> bool {
    let Some(&after) = text.get(at) else {
        return true;
    };
    match edges {
        Edges::Open => true,
        Edges::Base64 => !is_base64_byte(after),
        Edges::Word => !shape::is_word_byte(after),
    }
}
