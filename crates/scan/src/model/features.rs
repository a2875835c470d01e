//! What the model looks at: hashed words, ideas, pairs of ideas, the shape of the text, rules that fired.
//!
//! Indices below [`HASHED`] are hashed words and pairs of words, weighed down by the length of the window; those above are
//! dense: each is there once or not at all.

use std::ops::Range;

use super::{
    hash,
    lexicon::Lexicon,
    tokens::{Kind, Token},
};
use crate::normal::Disguise;

/// Size of the hashed part.
pub const HASHED: usize = 1 << 18;
/// How many ideas there can be.
const CONCEPTS: usize = 64;
const UNI: usize = 0;
const FIRST: usize = UNI + CONCEPTS;
const PAIR: usize = FIRST + CONCEPTS;
const SHAPE: usize = PAIR + CONCEPTS * CONCEPTS;
const SHAPES: usize = 64;
const RULE: usize = SHAPE + SHAPES;
/// How many rules the model knows at most.
pub(crate) const RULES: usize = 256;
/// Size of the dense part.
pub(crate) const DENSE: usize = RULE + RULES;
/// All indices.
pub const DIMENSIONS: usize = HASHED + DENSE;

/// Value of a rule that fired.
pub(crate) const RULE_VALUE: f32 = 0.5;
/// Tokens up to which a text is one window.
const WHOLE: usize = 128;
/// Tokens of a window of a longer text, and how far apart windows begin.
const WINDOW: usize = 96;
const STRIDE: usize = 48;
/// Tokens of the small windows, in which an order stands alone that harmless text around it would drown.
const SMALL: usize = 20;
const SMALL_STRIDE: usize = 10;
/// How many tokens apart a pair of ideas may be.
const REACH: usize = 10;

/// A stretch of tokens that is scored by itself.
pub type Window = Range<usize>;

/// What is known of a text besides its tokens.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The disguise that was taken off.
    pub disguise: Option<Disguise>,
    /// Whether invisible characters were left out.
    pub invisible: bool,
    /// Rules that fired: index and first byte.
    pub rules: Vec<(u16, u32)>,
}

/// The features of one text.
#[derive(Debug, Clone, Copy)]
pub struct Features<'text> {
    tokens: &'text [Token],
    context: &'text Context,
}

impl<'text> Features<'text> {
    /// Over the tokens of a text and what else is known of it.
    pub fn new(tokens: &'text [Token], context: &'text Context) -> Self {
        Self { tokens, context }
    }

    /// The windows that are scored: the whole text if it is short, and small windows over all of it.
    pub fn windows(&self) -> impl Iterator<Item = Window> + use<> {
        let length = self.tokens.len();
        let large = if length <= WHOLE {
            Self::slide(length, length.max(1), 1)
        } else {
            Self::slide(length, WINDOW, STRIDE)
        };
        let small = (length > SMALL).then(|| Self::slide(length, SMALL, SMALL_STRIDE));
        large.chain(small.into_iter().flatten())
    }

    fn slide(length: usize, size: usize, stride: usize) -> impl Iterator<Item = Window> + use<> {
        let last = length.saturating_sub(size);
        (0..=last.div_ceil(stride)).map(move |index| {
            let start = (index * stride).min(last);
            start..(start + size).min(length)
        })
    }

    /// What a hashed feature counts in a window of so many tokens.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a window has at most 128 tokens"
    )]
    pub fn hashed_value(window: &Window) -> f32 {
        2.4 / ((window.len() + 3) as f32).sqrt()
    }

    /// What a dense feature other than a rule counts in a window with so many of them: long texts have more ideas, not more meaning.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a window has at most some thousand features"
    )]
    pub fn dense_value(count: usize) -> f32 {
        1.8 / ((count + 20) as f32).sqrt()
    }

    /// The hashed features of one token.
    #[inline]
    pub fn token(&self, index: usize, mut emit: impl FnMut(usize)) {
        let Some(token) = self.tokens.get(index) else {
            return;
        };
        let before = index.checked_sub(1).and_then(|at| self.tokens.get(at));
        let before_that = index.checked_sub(2).and_then(|at| self.tokens.get(at));
        let previous = before.map_or(1, |token| token.hash);
        emit(place(hash::finish(token.hash)));
        emit(place(hash::join(previous, token.hash)));
        if token.stem != 0 {
            emit(place(hash::finish(token.stem ^ 0x5737)));
        }
        let skipped = before_that.map_or(2, |token| token.hash);
        emit(place(hash::join(skipped ^ 0x9e37, token.hash)));
        let (concept, earlier) = (
            lowest(token.concepts),
            before.map_or(0, |token| lowest(token.concepts)),
        );
        if concept != 0 {
            emit(place(hash::join(previous ^ 0x7c15, concept)));
        }
        if earlier != 0 {
            emit(place(hash::join(earlier ^ 0x1656, token.hash)));
        }
        if concept != 0
            && earlier != 0
            && let Some(third) = before_that
                .map(|token| lowest(token.concepts))
                .filter(|third| *third != 0)
        {
            emit(place(hash::join(hash::join(third, earlier), concept)));
        }
    }

    /// The dense features of a window, each at most once.
    pub fn dense(&self, window: &Window, mut emit: impl FnMut(usize)) {
        let tokens = self.tokens.get(window.clone()).unwrap_or_default();
        let mut any = 0_u64;
        let mut seen = [0_u64; CONCEPTS];
        // The last tokens with ideas, oldest first.
        let mut recent: [(usize, u64); REACH] = [(usize::MAX, 0); REACH];
        let mut newest = 0;
        let mut shape = Shape::default();
        for (index, token) in tokens.iter().enumerate() {
            shape.add(token);
            if token.concepts == 0 {
                continue;
            }
            any |= token.concepts;
            for &(at, earlier) in &recent {
                if at == usize::MAX || index - at > REACH {
                    continue;
                }
                let mut left = earlier;
                while left != 0 {
                    let from = left.trailing_zeros() as usize;
                    left &= left - 1;
                    let Some(seen) = seen.get_mut(from) else {
                        continue;
                    };
                    let mut fresh = token.concepts & !*seen;
                    *seen |= token.concepts;
                    while fresh != 0 {
                        let to = fresh.trailing_zeros() as usize;
                        fresh &= fresh - 1;
                        emit(HASHED + PAIR + from * CONCEPTS + to);
                    }
                }
            }
            if let Some(slot) = recent.get_mut(newest) {
                *slot = (index, token.concepts);
            }
            newest = (newest + 1) % REACH;
        }
        bits(any, |bit| emit(HASHED + UNI + bit));
        if window.start == 0
            && let Some(first) = tokens
                .iter()
                .find(|token| !matches!(token.kind, Kind::Sign(_) | Kind::Number))
        {
            bits(first.concepts, |bit| emit(HASHED + FIRST + bit));
        }
        shape.emit(tokens, any, self.context, |index| {
            emit(HASHED + SHAPE + index);
        });
        if !self.context.rules.is_empty() {
            self.rules(window, emit);
        }
    }

    fn rules(&self, window: &Window, mut emit: impl FnMut(usize)) {
        let from = if window.start == 0 {
            0
        } else {
            self.tokens
                .get(window.start)
                .map_or(u32::MAX, |token| token.start)
        };
        let to = self
            .tokens
            .get(window.end)
            .map_or(u32::MAX, |token| token.start);
        let mut fired: Vec<u16> = self
            .context
            .rules
            .iter()
            .filter(|(_, at)| (from..to).contains(at))
            .map(|(rule, _)| *rule)
            .collect();
        fired.sort_unstable();
        fired.dedup();
        for rule in fired {
            if usize::from(rule) < RULES {
                emit(HASHED + RULE + usize::from(rule));
            }
        }
    }

    /// All features of a window with their values, by index: what training sees.
    pub fn sparse(&self, window: &Window) -> Vec<(usize, f32)> {
        let mut list = Vec::with_capacity(window.len() * 6 + 64);
        let value = Self::hashed_value(window);
        for index in window.clone() {
            self.token(index, |feature| list.push((feature, value)));
        }
        let first = list.len();
        self.dense(window, |feature| list.push((feature, RULE_VALUE)));
        let plain = |feature: usize| feature < rule_index(0);
        let count = list
            .iter()
            .skip(first)
            .filter(|(feature, _)| plain(*feature))
            .count();
        let value = Self::dense_value(count);
        for (feature, slot) in list.iter_mut().skip(first) {
            if plain(*feature) {
                *slot = value;
            }
        }
        list.sort_unstable_by_key(|(feature, _)| *feature);
        list.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        list
    }
}

fn bits(mut mask: u64, mut emit: impl FnMut(usize)) {
    while mask != 0 {
        emit(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}

/// The lowest bit: the idea that stands first in the lexicon.
#[inline]
const fn lowest(concepts: u64) -> u64 {
    concepts & concepts.wrapping_neg()
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "masked to eighteen bits")]
const fn place(hash: u64) -> usize {
    (hash & (HASHED as u64 - 1)) as usize
}

/// The shape of a window: counts that need no meaning.
#[derive(Debug, Default)]
struct Shape {
    capitals: usize,
    foreign: usize,
    numbers: usize,
    questions: usize,
    exclamations: usize,
    angles: usize,
    braces: usize,
    brackets: usize,
    code: usize,
    rulers: usize,
    quotes: usize,
    lines: usize,
    words: usize,
    pipes: usize,
}

impl Shape {
    fn add(&mut self, token: &Token) {
        match token.kind {
            Kind::Word => self.words += 1,
            Kind::Capitals => {
                self.words += 1;
                self.capitals += 1;
            }
            Kind::Foreign => {
                self.words += 1;
                self.foreign += 1;
            }
            Kind::Number => self.numbers += 1,
            Kind::Sign(sign) => match sign {
                b'?' => self.questions += 1,
                b'!' => self.exclamations += 1,
                b'<' | b'>' => self.angles += 1,
                b'{' | b'}' => self.braces += 1,
                b'[' | b']' => self.brackets += 1,
                b'$' | b'`' | b'\\' | b'%' => self.code += 1,
                b'#' | b'*' | b'=' | b'~' => self.rulers += 1,
                b'"' => self.quotes += 1,
                b'\n' => self.lines += 1,
                b'|' | b'&' | b';' => self.pipes += 1,
                _ => {}
            },
        }
    }

    fn emit(&self, tokens: &[Token], any: u64, context: &Context, mut emit: impl FnMut(usize)) {
        let length = tokens.len();
        emit(match length {
            0..=3 => 0,
            4..=7 => 1,
            8..=15 => 2,
            16..=31 => 3,
            32..=63 => 4,
            _ => 5,
        });
        let ends_asking = tokens
            .iter()
            .rev()
            .take(2)
            .any(|token| token.kind == Kind::Sign(b'?'));
        let mut flag = |index: usize, holds: bool| {
            if holds {
                emit(index);
            }
        };
        flag(6, ends_asking);
        flag(7, self.questions > 0 && !ends_asking);
        flag(8, self.exclamations > 0);
        flag(9, self.exclamations > 2);
        flag(10, self.capitals >= 3);
        flag(11, self.capitals >= 3 && self.capitals * 2 > self.words);
        flag(12, self.foreign > 0);
        flag(13, self.foreign * 2 > self.words);
        flag(14, self.numbers > 0);
        flag(15, self.numbers > 5);
        flag(16, self.angles > 1);
        flag(17, self.braces > 1);
        flag(18, self.brackets > 1);
        flag(19, self.code > 0);
        flag(20, self.code > 3);
        flag(21, self.rulers > 1);
        flag(22, self.quotes > 1);
        flag(23, self.lines > 0);
        flag(24, self.lines > 4);
        flag(25, self.pipes > 0);
        flag(26, self.pipes > 2);
        flag(27, (length - self.words.min(length)) * 2 > length);
        let ideas = any.count_ones();
        flag(28, ideas == 0);
        flag(29, ideas > 4);
        flag(30, ideas > 8);
        flag(31, ideas > 14);
        flag(32, context.invisible);
        if let Some(disguise) = context.disguise {
            flag(33 + disguise as usize, true);
            flag(40, true);
        }
    }
}

/// A dense feature in words for an operator; none for those that say nothing by themselves.
pub fn dense_name(index: usize, lexicon: &Lexicon) -> Option<String> {
    let dense = index.checked_sub(HASHED)?;
    if dense < FIRST {
        return Some(lexicon.words_of(dense).to_owned());
    }
    if (PAIR..SHAPE).contains(&dense) {
        let (from, to) = ((dense - PAIR) / CONCEPTS, (dense - PAIR) % CONCEPTS);
        return Some(format!(
            "{}, then {}",
            lexicon.words_of(from),
            lexicon.words_of(to)
        ));
    }
    None
}

/// The place of a rule among the indices.
pub(crate) const fn rule_index(rule: usize) -> usize {
    HASHED + RULE + rule
}
