//! Tables of what was measured.

use std::{collections::BTreeMap, fmt::Write as _};

use countersign_scan::evaluate::{Label, Rate};

use super::{
    corpus::Corpus,
    examples::Examples,
    measure::{Crossed, Outcome},
};

type Counts = BTreeMap<String, (usize, usize)>;

fn percent(rate: Rate) -> String {
    format!(
        "{:.1} % ({} of {}; {:.1} to {:.1})",
        rate.rate * 100.0,
        rate.flagged,
        rate.total,
        rate.low * 100.0,
        rate.high * 100.0
    )
}

fn table(out: &mut String, heading: &str, counts: &Counts) {
    let _ = writeln!(out, "| {heading} | flagged (Wilson 95 %) |\n|---|---|");
    for (name, (flagged, total)) in counts {
        let _ = writeln!(out, "| {name} | {} |", percent(Rate::of(*flagged, *total)));
    }
    out.push('\n');
}

fn counts(outcome: &Outcome, name: impl Fn(usize) -> Option<String>) -> Counts {
    let mut counts = Counts::new();
    for (index, score) in outcome.scores.iter().enumerate() {
        if let Some(name) = name(index) {
            let entry = counts.entry(name).or_default();
            entry.0 += usize::from(*score > outcome.threshold);
            entry.1 += 1;
        }
    }
    counts
}

fn tables(outcome: &Outcome) -> String {
    let mut out = String::new();
    let row = |index: usize| outcome.rows.get(index);
    let all = counts(outcome, |index| {
        let row = row(index)?;
        Some(match (row.label, row.tier.as_str()) {
            (Label::Benign, _) => "harmless, all".to_owned(),
            (Label::Attack, "noisy") => return None,
            (Label::Attack, tier) => format!("attacks, {tier}"),
        })
    });
    table(&mut out, "rows", &all);
    let every = counts(outcome, |index| {
        let row = row(index)?;
        (row.label == Label::Attack && row.tier != "noisy")
            .then(|| "attacks of all tiers".to_owned())
    });
    table(&mut out, "rows", &every);
    let categories = counts(outcome, |index| {
        let row = row(index)?;
        (row.label == Label::Attack && row.tier != "noisy").then(|| {
            format!(
                "{}, {}",
                row.category,
                if row.tier == "core" {
                    "core"
                } else {
                    "hard and payload"
                }
            )
        })
    });
    table(&mut out, "attacks by category", &categories);
    let harmless = counts(outcome, |index| {
        let row = row(index)?;
        (row.label == Label::Benign).then(|| row.category.clone())
    });
    table(&mut out, "harmless by kind", &harmless);
    let sources = counts(outcome, |index| {
        let row = row(index)?;
        Some(match row.label {
            Label::Benign => format!("{}, harmless", row.source_repo),
            Label::Attack if row.tier == "noisy" => return None,
            Label::Attack => format!("{}, {}", row.source_repo, row.tier),
        })
    });
    table(&mut out, "by source", &sources);
    out
}

/// The table in which each source is left out of training in turn.
pub(super) fn leave_source_out_table(outcome: &Outcome) -> String {
    format!(
        "Sources left out of training, threshold {:.3}\n\n{}",
        outcome.threshold,
        tables(outcome)
    )
}

/// What sources left out of training give at the threshold that cross-validation chose: the one that is shipped.
pub(super) fn at_shipped_threshold(left_out: &Outcome, crossed: &Crossed) -> String {
    let outcome = Outcome {
        threshold: crossed.outcome.threshold,
        scores: left_out.scores.clone(),
        rows: left_out.rows.clone(),
    };
    format!(
        "At the shipped threshold ({:.3}), with each source left out of training in turn:\n\n{}",
        outcome.threshold,
        tables(&outcome)
    )
}

/// The tables of the cross-validation.
pub(super) fn cross_validation_table(crossed: &Crossed) -> String {
    let mut out = format!(
        "Rows left out of training (five parts), threshold {:.3}, calibration {:?}\n\n{}",
        crossed.outcome.threshold,
        crossed.calibration,
        tables(&crossed.outcome)
    );
    let disguised: Counts = crossed
        .disguised
        .iter()
        .map(|(name, counts)| ((*name).to_owned(), *counts))
        .collect();
    table(&mut out, "core attacks in disguise", &disguised);
    let _ = writeln!(
        out,
        "Category named rightly: {}\n",
        percent(Rate::of(crossed.named.0, crossed.named.1))
    );
    out
}

/// The rows on the wrong side, for the person who works on the scanner.
pub(super) fn mistakes(corpus: &Corpus, outcome: &Outcome) -> String {
    let mut out = String::new();
    for (row, score) in corpus.rows.iter().zip(&outcome.scores) {
        let flagged = *score > outcome.threshold;
        let attack = row.label == Label::Attack;
        if flagged != attack && row.tier != "noisy" {
            let start: String = row.text.chars().take(200).collect();
            let _ = writeln!(
                out,
                "{score:.2}\t{:?}\t{}\t{}\t{}\t{}",
                row.label,
                row.category,
                row.tier,
                row.source_repo,
                start.replace('\n', " ")
            );
        }
    }
    out
}

/// The training report that is shipped with the weights.
pub(super) fn document(
    corpus: &Corpus,
    examples: &Examples,
    crossed: &Crossed,
    left_out: &Outcome,
) -> String {
    let mut out = String::from(
        "# What the scanner's weights were trained on\n\nWritten by `cargo xtask scan-train`. Rows of the corpus are not part of this repository.\n\n",
    );
    let mut sources: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for row in &corpus.rows {
        let entry = sources
            .entry((row.source_repo.clone(), row.licence.clone()))
            .or_default();
        match row.label {
            Label::Attack => entry.0 += 1,
            Label::Benign => entry.1 += 1,
        }
    }
    out.push_str("| source | licence | attacks | harmless |\n|---|---|---|---|\n");
    for ((source, licence), (attacks, harmless)) in &sources {
        let _ = writeln!(out, "| {source} | {licence} | {attacks} | {harmless} |");
    }
    let _ = writeln!(
        out,
        "\nUsed: {} rows of the corpus (of these, rows of the tier `noisy` only for counting), {} sentences generated from templates of our own, {} disguised copies.",
        corpus.rows.len(),
        examples.generated(),
        examples.disguised()
    );
    for (licence, count) in &corpus.refused {
        let _ = writeln!(
            out,
            "Not used because of their licence ({licence}): {count} rows."
        );
    }
    let _ = write!(
        out,
        "\n## Rows that training did not see\n\n{}\n## Sources that training did not see\n\nEach source was left out of training in turn.\n\n{}",
        cross_validation_table(crossed),
        leave_source_out_table(left_out)
    );
    out.push_str(&at_shipped_threshold(left_out, crossed));
    out
}
