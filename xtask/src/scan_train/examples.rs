//! The examples: corpus rows, generated sentences and disguised copies, taken apart as the scanner does.

use countersign_scan::{
    evaluate::Label,
    model::{Features, Lexicon},
    threat::{RuleSet, ThreatCategory, prepare_text},
};

use super::{corpus::Corpus, disguise, random::Random, synthetic};

/// How much an example counts beside a row of the corpus.
const GENERATED: f32 = 0.35;
const GENERATED_DISGUISED: f32 = 0.2;
const DISGUISED: f32 = 0.3;

/// One window of one view, as the model sees it.
pub(super) type Instance = Vec<(u32, f32)>;

/// Where an example comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A row of the corpus, by its index.
    Row(usize),
    /// A disguised copy of one.
    Disguised(usize),
    /// A generated sentence, or a disguised copy of one.
    Generated,
    GeneratedDisguised,
}

/// A labelled text, taken apart.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) origin: Origin,
    pub(super) attack: bool,
    pub(super) category: Option<ThreatCategory>,
    /// How much it counts in training; 0 leaves it out.
    pub(super) weight: f32,
    /// The windows of each view, the plain view first.
    pub(super) views: Vec<Vec<Instance>>,
}

impl Example {
    pub(super) fn row(&self) -> Option<usize> {
        match self.origin {
            Origin::Row(row) | Origin::Disguised(row) => Some(row),
            Origin::Generated | Origin::GeneratedDisguised => None,
        }
    }
}

/// All examples, in a fixed order.
#[derive(Debug, Default)]
pub(super) struct Examples {
    pub(super) list: Vec<Example>,
}

/// Takes a text apart.
pub(super) fn views(text: &str, lexicon: &Lexicon, rules: &RuleSet) -> Vec<Vec<Instance>> {
    prepare_text(text, lexicon, rules)
        .iter()
        .map(|prepared| {
            let features = Features::new(prepared.tokens.list(), &prepared.context);
            features
                .windows()
                .map(|window| {
                    features
                        .sparse(&window)
                        .into_iter()
                        .map(|(index, value)| (u32::try_from(index).unwrap_or(u32::MAX), value))
                        .collect()
                })
                .collect()
        })
        .collect()
}

impl Examples {
    /// `step` takes only every so many of the generated sentences: 1 takes all.
    pub(super) fn build(corpus: &Corpus, lexicon: &Lexicon, rules: &RuleSet, step: usize) -> Self {
        let mut list = Vec::new();
        for (index, row) in corpus.rows.iter().enumerate() {
            let attack = row.label == Label::Attack;
            let weight = if row.tier == "noisy" { 0.0 } else { 1.0 };
            list.push(Example {
                origin: Origin::Row(index),
                attack,
                category: row.threat(),
                weight,
                views: views(&row.text, lexicon, rules),
            });
            let mut random = Random::of(&row.id);
            if weight > 0.0 && (attack || random.below(4) == 0) && row.text.len() < 4000 {
                let name = random.pick(&disguise::ALL).copied().unwrap_or("leet");
                list.push(Example {
                    origin: Origin::Disguised(index),
                    attack,
                    category: row.threat(),
                    weight: DISGUISED,
                    views: views(&disguise::apply(name, &row.text), lexicon, rules),
                });
            }
        }
        for (index, sentence) in synthetic::sentences()
            .into_iter()
            .step_by(step.max(1))
            .enumerate()
        {
            list.push(Example {
                origin: Origin::Generated,
                attack: sentence.category.is_some(),
                category: sentence.category,
                weight: GENERATED,
                views: views(&sentence.text, lexicon, rules),
            });
            if index % 12 == 0
                && let Some(name) = disguise::ALL.get(index / 12 % disguise::ALL.len())
            {
                list.push(Example {
                    origin: Origin::GeneratedDisguised,
                    attack: sentence.category.is_some(),
                    category: sentence.category,
                    weight: GENERATED_DISGUISED,
                    views: views(&disguise::apply(name, &sentence.text), lexicon, rules),
                });
            }
        }
        Self { list }
    }

    fn count(&self, of: impl Fn(&Example) -> bool) -> usize {
        self.list.iter().filter(|example| of(example)).count()
    }

    pub(super) fn generated(&self) -> usize {
        self.count(|example| example.origin == Origin::Generated)
    }

    pub(super) fn disguised(&self) -> usize {
        self.count(|example| {
            matches!(
                example.origin,
                Origin::Disguised(_) | Origin::GeneratedDisguised
            )
        })
    }

    pub(super) fn instances(&self) -> usize {
        self.list
            .iter()
            .flat_map(|example| &example.views)
            .map(Vec::len)
            .sum()
    }
}
