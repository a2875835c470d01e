//! Puts the views, the rules and the model together.

use std::ops::Range;

use thiserror::Error;

use super::{
    category::{Channel, ThreatCategory},
    finding::{Finding, Reason, Span, Thresholds},
    rules::{Hit, RuleSet, RuleSetError},
};
use crate::{
    model::{
        Context, Features, Lexicon, RULE_VALUE, Tokens, Weights, WeightsError, Window, dense_name,
        rule_index,
    },
    normal::{Budget, Disguise, View, Views},
};

const SHIPPED: &[u8] = include_bytes!("../../weights/threats.bin");

/// Longer text is cut into blocks of this size, so that memory stays bounded.
pub const BLOCK_BYTES: usize = 32 * 1024;
/// How much of a block the next one repeats.
const OVERLAP_BYTES: usize = 1024;
/// Most reasons that a finding gives.
const REASONS: usize = 5;
/// Most spans that a finding gives.
const SPANS: usize = 16;

/// Why a scanner could not be made.
#[derive(Debug, Error)]
pub enum ScannerError {
    /// The rules were refused.
    #[error(transparent)]
    Rules(#[from] RuleSetError),
    /// The weights were refused.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Finds threats in text. Cheap to share, immutable, made once.
#[derive(Debug)]
pub struct Scanner {
    lexicon: Lexicon,
    rules: RuleSet,
    weights: Weights,
    /// What a rule adds that the weights don't know.
    extra: Vec<f32>,
}

/// One view of a block, taken apart: what training learns from.
#[derive(Debug)]
pub struct Prepared {
    /// Its tokens.
    pub tokens: Tokens,
    /// What else is known of it.
    pub context: Context,
    hits: Vec<Hit>,
    view: usize,
}

struct Best {
    sum: f32,
    block: Range<usize>,
    view: usize,
    window: Window,
}

impl Scanner {
    /// The scanner as it is shipped.
    ///
    /// # Errors
    ///
    /// When the built-in files don't fit each other, which a test rules out.
    pub fn shipped() -> Result<Self, ScannerError> {
        Ok(Self::new(RuleSet::shipped()?, Weights::read(SHIPPED)?))
    }

    /// A scanner with other rules or weights. Rules that the weights don't know count with the weight in their file.
    pub fn new(rules: RuleSet, mut weights: Weights) -> Self {
        let extra = rules
            .ids()
            .iter()
            .zip(rules.weights())
            .map(|(id, weight)| {
                if weights.rules.iter().any(|known| known == id) {
                    0.0
                } else {
                    weight
                }
            })
            .collect();
        weights.align_rules(&rules.ids());
        Self {
            lexicon: Lexicon::new(),
            rules,
            weights,
            extra,
        }
    }

    /// The shipped thresholds of a channel.
    pub fn thresholds(&self, _channel: Channel) -> Thresholds {
        let calibration = self.weights.calibration();
        Thresholds {
            warn: calibration.warn,
            block: calibration.block,
        }
    }

    /// Scans bytes that should be text: what is not UTF-8 counts as unknown characters, and offsets are those of the bytes.
    pub fn scan_bytes(&self, bytes: &[u8], channel: Channel) -> Finding {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.scan(text, channel);
        }
        // One stand-in of one byte for each wrong byte keeps the offsets as they are.
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(std::iter::repeat_n('\u{1a}', chunk.invalid().len()));
        }
        self.scan(&text, channel)
    }

    /// Scans a text.
    pub fn scan(&self, text: &str, channel: Channel) -> Finding {
        let mut best: Option<Best> = None;
        for block in blocks(text) {
            let part = text.get(block.clone()).unwrap_or_default();
            let views = Views::of(part, Budget::for_text(part));
            for prepared in prepare(&views, &self.lexicon, &self.rules) {
                let (sum, window) = self.strongest(&prepared);
                if best.as_ref().is_none_or(|best| sum > best.sum) {
                    best = Some(Best {
                        sum,
                        block: block.clone(),
                        view: prepared.view,
                        window,
                    });
                }
            }
        }
        let Some(best) = best else {
            return self.nothing();
        };
        let score = self.weights.calibration().probability(best.sum);
        if score < self.thresholds(channel).warn * 0.5 {
            return Finding {
                score,
                ..self.nothing()
            };
        }
        self.explain(text, &best, score)
    }

    fn nothing(&self) -> Finding {
        Finding {
            score: self.weights.calibration().probability(self.weights.bias),
            category: ThreatCategory::PromptInjection,
            spans: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// The strongest window of a view and its sum.
    fn strongest(&self, prepared: &Prepared) -> (f32, Window) {
        let tokens = prepared.tokens.list();
        let features = Features::new(tokens, &prepared.context);
        // Sums of the hashed part up to each token: windows overlap, tokens are looked up once.
        let mut sums = Vec::with_capacity(tokens.len() + 1);
        let mut sum = 0_i64;
        sums.push(0);
        for index in 0..tokens.len() {
            let mut here = 0_i32;
            features.token(index, |feature| here += self.weights.hashed(feature));
            sum += i64::from(here);
            sums.push(sum);
        }
        let at = |index: usize| sums.get(index).copied().unwrap_or_default();
        let mut best = (f32::NEG_INFINITY, 0..0);
        for window in features.windows() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a window sums at most a thousand bytes"
            )]
            let hashed = (at(window.end) - at(window.start)) as f32;
            let (mut dense, mut count, mut rules) = (0.0, 0, 0.0);
            features.dense(&window, |feature| {
                if feature < rule_index(0) {
                    dense += self.weights.dense(feature);
                    count += 1;
                } else {
                    rules += self.dense(feature);
                }
            });
            let sum = self.weights.bias
                + hashed * self.weights.scale() * Features::hashed_value(&window)
                + dense * Features::dense_value(count)
                + rules * RULE_VALUE;
            if sum > best.0 {
                best = (sum, window);
            }
        }
        best
    }

    fn dense(&self, feature: usize) -> f32 {
        let extra = feature
            .checked_sub(rule_index(0))
            .and_then(|rule| self.extra.get(rule))
            .map_or(0.0, |extra| extra / RULE_VALUE);
        self.weights.dense(feature) + extra
    }

    /// Says what, where and why. Only for texts whose score is worth it: it does the best window again.
    fn explain(&self, text: &str, best: &Best, score: f32) -> Finding {
        let part = text.get(best.block.clone()).unwrap_or_default();
        let views = Views::of(part, Budget::for_text(part));
        let Some(prepared) = prepare(&views, &self.lexicon, &self.rules)
            .into_iter()
            .find(|prepared| prepared.view == best.view)
        else {
            return Finding {
                score,
                ..self.nothing()
            };
        };
        let tokens = prepared.tokens.list();
        let features = Features::new(tokens, &prepared.context);
        let sparse = features.sparse(&best.window);
        let sums = self.weights.categories(&sparse);
        let category = ThreatCategory::ALL
            .into_iter()
            .zip(sums)
            .max_by(|left, right| left.1.total_cmp(&right.1))
            .map_or(ThreatCategory::PromptInjection, |(category, _)| category);

        let from = tokens
            .get(best.window.start)
            .map_or(0, |token| token.start as usize);
        let from = if best.window.start == 0 { 0 } else { from };
        let to = tokens
            .get(best.window.end.saturating_sub(1))
            .map_or(0, |token| token.end as usize);
        let mut fired: Vec<Hit> = prepared
            .hits
            .iter()
            .copied()
            .filter(|hit| hit.start >= from && hit.start < to.max(from + 1))
            .collect();
        let weight = |hit: &Hit| self.dense(rule_index(hit.rule));
        fired.sort_by(|left, right| weight(right).total_cmp(&weight(left)));

        let mut reasons = Vec::new();
        let mut add = |rule: &str, words: String| {
            if reasons.len() < REASONS
                && !reasons.iter().any(|reason: &Reason| reason.words == words)
            {
                reasons.push(Reason {
                    rule: rule.to_owned(),
                    words,
                });
            }
        };
        for hit in &fired {
            if let Some(rule) = self.rules.rules().get(hit.rule) {
                add(&rule.id, rule.reason.clone());
            }
        }
        let disguise = views.views().get(best.view).and_then(View::disguise);
        for disguise in disguise
            .into_iter()
            .chain(prepared.context.invisible.then_some(Disguise::Invisible))
        {
            add("disguise", disguise.words().to_owned());
        }
        let mut ideas: Vec<(f32, usize)> = sparse
            .iter()
            .map(|&(feature, value)| (self.weights.dense(feature) * value, feature))
            .filter(|(weight, _)| *weight > 0.05)
            .collect();
        ideas.sort_by(|left, right| right.0.total_cmp(&left.0));
        for words in ideas
            .iter()
            .filter_map(|(_, feature)| dense_name(*feature, &self.lexicon))
            .take(2)
        {
            add("wording", words);
        }
        if reasons.is_empty() {
            reasons.push(Reason {
                rule: "wording".to_owned(),
                words: format!(
                    "the wording resembles known attempts at {}",
                    category.words()
                ),
            });
        }
        let mut parts: Vec<Range<usize>> = fired.iter().map(|hit| hit.start..hit.end).collect();
        if parts.is_empty() {
            parts.push(from..to.max(from));
        }
        Finding {
            score,
            category,
            spans: spans(&views, best, &parts),
            reasons,
        }
    }

    /// The rules and the lexicon that training shares.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }
}

/// Takes every view of a text apart, as scanning does; for training.
pub fn prepare_text(text: &str, lexicon: &Lexicon, rules: &RuleSet) -> Vec<Prepared> {
    blocks(text)
        .flat_map(|block| {
            let part = text.get(block).unwrap_or_default();
            let views = Views::of(part, Budget::for_text(part));
            prepare(&views, lexicon, rules)
        })
        .collect()
}

fn prepare(views: &Views<'_>, lexicon: &Lexicon, rules: &RuleSet) -> Vec<Prepared> {
    let mut list: Vec<Prepared> = Vec::with_capacity(views.views().len());
    let mut telling = 0;
    for (index, view) in views.views().iter().enumerate() {
        let tokens = Tokens::of(view.text(), lexicon);
        let ideas = tokens
            .list()
            .iter()
            .filter(|token| token.concepts != 0 && token.end - token.start >= 3)
            .count();
        // A view that means no more than the text itself is none.
        if index > 0 && ideas <= telling && view.disguise() != Some(Disguise::Encoded) {
            continue;
        }
        telling = telling.max(ideas);
        let hits = rules.hits(view.text());
        let context = Context {
            disguise: view.disguise(),
            invisible: views.invisible_count() > 0,
            rules: hits
                .iter()
                .filter_map(|hit| {
                    Some((
                        u16::try_from(hit.rule).ok()?,
                        u32::try_from(hit.start).ok()?,
                    ))
                })
                .collect(),
        };
        list.push(Prepared {
            tokens,
            context,
            hits,
            view: index,
        });
    }
    list
}

fn spans(views: &Views<'_>, best: &Best, parts: &[Range<usize>]) -> Vec<Span> {
    let mut spans: Vec<Span> = parts
        .iter()
        .map(|part| {
            let range = views.original(best.view, part.clone());
            Span {
                start: best.block.start + range.start,
                end: best.block.start + range.end,
            }
        })
        .filter(|span| span.end > span.start)
        .collect();
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        if let Some(last) = merged.last_mut()
            && span.start <= last.end
        {
            last.end = last.end.max(span.end);
        } else if merged.len() < SPANS {
            merged.push(span);
        } else {
            break;
        }
    }
    merged
}

/// The blocks of a text, overlapping, on character borders and where possible between words.
fn blocks(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        if text.len() - start <= BLOCK_BYTES {
            next = None;
            return Some(start..text.len());
        }
        let mut end = start + BLOCK_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut after = end - OVERLAP_BYTES;
        while !text.is_char_boundary(after) {
            after -= 1;
        }
        next = Some(after);
        Some(start..end)
    })
}
