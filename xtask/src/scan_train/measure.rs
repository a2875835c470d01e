//! Measures on rows that training has not seen: cross-validation, and with whole sources left out.

use std::collections::BTreeMap;

use countersign_scan::{
    evaluate::{Label, Row},
    model::{Calibration, Lexicon},
    threat::{RuleSet, ThreatCategory},
};

use super::{
    corpus::Corpus,
    disguise,
    examples::{Examples, Origin, views},
    fit,
    random::Random,
};

const FOLDS: usize = 5;
/// The share of harmless rows that may be flagged.
const FALSE_POSITIVES: f64 = 0.009;
/// The same for rows of sources that training has not seen, when the shipped threshold is chosen.
const FALSE_POSITIVES_ELSEWHERE: f64 = 0.013;

/// Scores of all rows by models that have not seen them.
#[derive(Debug)]
pub(super) struct Outcome {
    /// By row.
    pub(super) scores: Vec<f32>,
    /// The threshold at which the allowed share of harmless rows is flagged.
    pub(super) threshold: f32,
    /// The rows, by index: label, category, tier, source.
    pub(super) rows: Vec<Row>,
}

/// What cross-validation gives.
#[derive(Debug)]
pub(super) struct Crossed {
    pub(super) outcome: Outcome,
    pub(super) calibration: Calibration,
    /// Core attacks found in each disguise, and how many there are.
    pub(super) disguised: BTreeMap<&'static str, (usize, usize)>,
    /// Core attacks whose category was named rightly, of those found.
    pub(super) named: (usize, usize),
}

/// Leaves out each source in turn.
pub(super) fn leave_source_out(corpus: &Corpus, examples: &Examples, rules: &RuleSet) -> Outcome {
    let mut sources: Vec<&str> = corpus
        .rows
        .iter()
        .map(|row| row.source_repo.as_str())
        .collect();
    sources.sort_unstable();
    sources.dedup();
    let mut scores = vec![f32::NEG_INFINITY; corpus.rows.len()];
    for source in sources {
        let is_out = |row: usize| {
            corpus
                .rows
                .get(row)
                .is_some_and(|row| row.source_repo == source)
        };
        let weights = train_without(examples, rules, is_out);
        score_rows(examples, &weights, is_out, &mut scores);
    }
    outcome(corpus, scores)
}

/// Leaves out a fifth of the rows in turn. The threshold allows for harmless rows of other sources, too.
pub(super) fn cross_validate(
    corpus: &Corpus,
    examples: &Examples,
    lexicon: &Lexicon,
    rules: &RuleSet,
    left_out: &Outcome,
) -> Crossed {
    let mut folds: Vec<usize> = (0..corpus.rows.len()).map(|index| index % FOLDS).collect();
    Random::new(11).shuffle(&mut folds);
    let mut scores = vec![f32::NEG_INFINITY; corpus.rows.len()];
    let mut disguised_scores = Vec::new();
    let mut categories = vec![None; corpus.rows.len()];
    for fold in 0..FOLDS {
        let is_out = |row: usize| folds.get(row) == Some(&fold);
        let chosen = chosen_without(examples, is_out);
        let weights = fit::attack(examples, &chosen, rules);
        score_rows(examples, &weights, is_out, &mut scores);
        let heads = fit::categories(examples, &chosen, &weights);
        for example in &examples.list {
            if let Origin::Row(row) = example.origin
                && is_out(row)
                && let Some(slot) = categories.get_mut(row)
            {
                *slot = ThreatCategory::ALL
                    .into_iter()
                    .zip(&heads)
                    .max_by(|left, right| {
                        fit::score(left.1, &example.views)
                            .total_cmp(&fit::score(right.1, &example.views))
                    })
                    .map(|(category, _)| category);
            }
        }
        for (index, row) in corpus.rows.iter().enumerate() {
            if is_out(index)
                && row.label == Label::Attack
                && row.tier == "core"
                && row.text.len() < 4000
            {
                for name in disguise::ALL {
                    let score = fit::score(
                        &weights,
                        &views(&disguise::apply(name, &row.text), lexicon, rules),
                    );
                    disguised_scores.push((name, score));
                }
            }
        }
    }
    let mut outcome = outcome(corpus, scores);
    let elsewhere = threshold(&corpus.rows, &left_out.scores, FALSE_POSITIVES_ELSEWHERE);
    outcome.threshold = outcome.threshold.max(elsewhere);
    let mut disguised: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for (name, score) in disguised_scores {
        let entry = disguised.entry(name).or_default();
        entry.0 += usize::from(score > outcome.threshold);
        entry.1 += 1;
    }
    let mut named = (0, 0);
    for ((row, score), category) in corpus.rows.iter().zip(&outcome.scores).zip(categories) {
        if row.label == Label::Attack && row.tier == "core" && *score > outcome.threshold {
            named.0 += usize::from(row.threat().is_some() && row.threat() == category);
            named.1 += 1;
        }
    }
    let calibration = calibrate(&outcome);
    Crossed {
        outcome,
        calibration,
        disguised,
        named,
    }
}

fn chosen_without(examples: &Examples, is_out: impl Fn(usize) -> bool) -> Vec<usize> {
    examples
        .list
        .iter()
        .enumerate()
        .filter(|(_, example)| !example.row().is_some_and(&is_out))
        .map(|(index, _)| index)
        .collect()
}

fn train_without(examples: &Examples, rules: &RuleSet, is_out: impl Fn(usize) -> bool) -> Vec<f32> {
    fit::attack(examples, &chosen_without(examples, is_out), rules)
}

fn score_rows(
    examples: &Examples,
    weights: &[f32],
    is_out: impl Fn(usize) -> bool,
    scores: &mut [f32],
) {
    for example in &examples.list {
        if let Origin::Row(row) = example.origin
            && is_out(row)
            && let Some(slot) = scores.get_mut(row)
        {
            *slot = fit::score(weights, &example.views);
        }
    }
}

fn outcome(corpus: &Corpus, scores: Vec<f32>) -> Outcome {
    Outcome {
        threshold: threshold(&corpus.rows, &scores, FALSE_POSITIVES),
        scores,
        rows: corpus.rows.clone(),
    }
}

/// The threshold above which at most a share of the harmless rows is.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of rows"
)]
fn threshold(rows: &[Row], scores: &[f32], share: f64) -> f32 {
    let mut harmless: Vec<f32> = rows
        .iter()
        .zip(scores)
        .filter(|(row, _)| row.label == Label::Benign)
        .map(|(_, score)| *score)
        .collect();
    harmless.sort_by(|left, right| right.total_cmp(left));
    let allowed = (harmless.len() as f64 * share) as usize;
    harmless.get(allowed).copied().unwrap_or(0.0)
}

/// Platt's scaling with as much weight on harmless texts as on attacks; then the thresholds as probabilities.
fn calibrate(outcome: &Outcome) -> Calibration {
    let pairs: Vec<(f64, f64)> = outcome
        .rows
        .iter()
        .zip(&outcome.scores)
        .filter(|(row, score)| row.tier != "noisy" && score.is_finite())
        .map(|(row, score)| {
            (
                f64::from(*score),
                if row.label == Label::Attack { 1.0 } else { 0.0 },
            )
        })
        .collect();
    let (mut slope, mut offset) = (3.0_f64, -1.0_f64);
    if !pairs.is_empty() {
        for _ in 0..2000 {
            let (mut down_slope, mut down_offset) = (0.0, 0.0);
            for (score, attack) in &pairs {
                let error = 1.0 / (1.0 + (-(slope * score + offset)).exp()) - attack;
                down_slope += error * score;
                down_offset += error;
            }
            #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
            let step = 2.0 / pairs.len() as f64;
            slope -= step * down_slope;
            offset -= step * down_offset;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the file holds single precision"
    )]
    let mut calibration = Calibration {
        slope: slope as f32,
        offset: offset as f32,
        warn: 0.5,
        block: 0.9,
    };
    // Just above the last harmless row that is let through; to three places, upwards.
    calibration.warn =
        ((calibration.probability(outcome.threshold) + 0.001) * 1000.0).ceil() / 1000.0;
    let highest = outcome
        .rows
        .iter()
        .zip(&outcome.scores)
        .filter(|(row, _)| row.label == Label::Benign)
        .map(|(_, score)| *score)
        .fold(outcome.threshold, f32::max);
    calibration.block = ((calibration.probability(highest) + 0.001) * 1000.0).ceil() / 1000.0;
    calibration.block = calibration.block.clamp(calibration.warn, 0.995);
    calibration
}
