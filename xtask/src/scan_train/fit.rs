//! Fits the linear models: support vector machines with squared hinge loss, by dual coordinate descent (Hsieh et al., ICML 2008).
//!
//! The weights of rules begin at those of the rule file, so that a rule that training never saw still counts.

use countersign_scan::{
    model::DIMENSIONS,
    threat::{RuleSet, ThreatCategory},
};

use super::{
    examples::{Example, Examples, Instance},
    random::Random,
};

/// How far weights may go to fit one example.
const COST: f32 = 0.2;
/// How far those that tell categories apart may go.
const CATEGORY_COST: f32 = 0.3;
/// What a point of a rule's weight in its file is worth at the start.
const RULE_WORTH: f32 = 0.6;
const ROUNDS: usize = 18;
const BIAS_VALUE: f32 = 1.0;

struct Sample<'list> {
    instance: &'list Instance,
    positive: bool,
    cost: f32,
}

/// The sum of weights for one instance.
pub(super) fn sum(weights: &[f32], instance: &Instance) -> f32 {
    let bias = weights.last().copied().unwrap_or_default() * BIAS_VALUE;
    instance.iter().fold(bias, |sum, &(index, value)| {
        sum + weights.get(index as usize).copied().unwrap_or_default() * value
    })
}

/// The highest sum over all windows of all views: an example's score.
pub(super) fn score(weights: &[f32], views: &[Vec<Instance>]) -> f32 {
    views
        .iter()
        .flatten()
        .map(|instance| sum(weights, instance))
        .fold(f32::NEG_INFINITY, f32::max)
}

/// The weights that tell attacks from harmless text, learned from some of the examples.
pub(super) fn attack(examples: &Examples, chosen: &[usize], rules: &RuleSet) -> Vec<f32> {
    let mut prior = vec![0.0_f32; DIMENSIONS + 1];
    let first = DIMENSIONS - 256;
    for (index, weight) in rules.weights().into_iter().enumerate() {
        if let Some(slot) = prior.get_mut(first + index) {
            *slot = weight * RULE_WORTH;
        }
    }
    let picked: Vec<&Example> = chosen
        .iter()
        .filter_map(|index| examples.list.get(*index))
        .filter(|example| example.weight > 0.0)
        .collect();
    // First the plain views with all their windows; then, of attacks, the view and window that looks most like one.
    let mut weights = prior.clone();
    for round in 0..3 {
        let mut samples = Vec::new();
        for example in &picked {
            if example.attack {
                let cost = COST * example.weight;
                if round == 0 {
                    if let Some(windows) = example
                        .views
                        .first()
                        .filter(|_| example.row().is_none() || example.weight >= 1.0)
                    {
                        add(&mut samples, windows, true, cost / share(windows.len()));
                    }
                } else if let Some(best) = strongest(&weights, &example.views) {
                    samples.push(Sample {
                        instance: best,
                        positive: true,
                        cost,
                    });
                }
            } else {
                for windows in &example.views {
                    add(
                        &mut samples,
                        windows,
                        false,
                        COST * example.weight / share(windows.len()).sqrt(),
                    );
                }
            }
        }
        weights = descend(&samples, &prior);
    }
    weights
}

/// For each category, the weights that tell its attacks from other attacks.
pub(super) fn categories(examples: &Examples, chosen: &[usize], attack: &[f32]) -> [Vec<f32>; 5] {
    let prior = vec![0.0_f32; DIMENSIONS + 1];
    ThreatCategory::ALL.map(|category| {
        let mut samples = Vec::new();
        for example in chosen.iter().filter_map(|index| examples.list.get(*index)) {
            if example.attack
                && example.weight > 0.0
                && let Some(best) = strongest(attack, &example.views)
            {
                samples.push(Sample {
                    instance: best,
                    positive: example.category == Some(category),
                    cost: CATEGORY_COST * example.weight,
                });
            }
        }
        descend(&samples, &prior)
    })
}

fn strongest<'list>(weights: &[f32], views: &'list [Vec<Instance>]) -> Option<&'list Instance> {
    views
        .iter()
        .flatten()
        .max_by(|left, right| sum(weights, left).total_cmp(&sum(weights, right)))
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred windows at most")]
fn share(windows: usize) -> f32 {
    windows.max(1) as f32
}

fn add<'list>(
    samples: &mut Vec<Sample<'list>>,
    windows: &'list [Instance],
    positive: bool,
    cost: f32,
) {
    samples.extend(windows.iter().map(|instance| Sample {
        instance,
        positive,
        cost,
    }));
}

fn descend(samples: &[Sample<'_>], prior: &[f32]) -> Vec<f32> {
    let mut weights = prior.to_vec();
    let mut multipliers = vec![0.0_f32; samples.len()];
    let norms: Vec<f32> = samples
        .iter()
        .map(|sample| {
            sample
                .instance
                .iter()
                .fold(BIAS_VALUE * BIAS_VALUE, |sum, (_, value)| {
                    sum + value * value
                })
        })
        .collect();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut random = Random::new(7);
    for _ in 0..ROUNDS {
        random.shuffle(&mut order);
        for &index in &order {
            let (Some(sample), Some(multiplier), Some(norm)) = (
                samples.get(index),
                multipliers.get_mut(index),
                norms.get(index),
            ) else {
                continue;
            };
            let sign = if sample.positive { 1.0 } else { -1.0 };
            let slack = 0.5 / sample.cost;
            let gradient = sign * sum(&weights, sample.instance) - 1.0 + *multiplier * slack;
            let moved = (*multiplier - gradient / (norm + slack)).max(0.0);
            let step = (moved - *multiplier) * sign;
            if step == 0.0 {
                continue;
            }
            *multiplier = moved;
            for &(feature, value) in sample.instance {
                if let Some(weight) = weights.get_mut(feature as usize) {
                    *weight += step * value;
                }
            }
            if let Some(bias) = weights.last_mut() {
                *bias += step * BIAS_VALUE;
            }
        }
    }
    weights
}
